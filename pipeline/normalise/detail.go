package normalise

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"billwalk/schema"
)

// The characters allowed around shares. The documentation only shows a single share, so
// how several are separated is not known. Any mark is accepted that cannot be part of an
// amount, and a hyphen where no amount can follow.
const (
	around  = ` ,;:、。|/\&_`
	between = around + `+-`
)

// ParseDetail reads the shares out of a settle_detail:
//
//	商户号68882720803499563550-分成金额(分)840
//
// It may have spaces, colons and full-width characters. Anything else in the text is an
// error, as are an empty text, a sign, a decimal point and an amount beyond int64.
func ParseDetail(detail string) ([]schema.Share, error) {
	shares, err := appendShares(make([]schema.Share, 0, 1), detail)
	if err != nil {
		return nil, err
	}
	return shares, nil
}

// appendShares appends the shares of a settle_detail to a list, which stays the same with an
// error.
func appendShares(list []schema.Share, detail string) ([]schema.Share, error) {
	in := detailReader{rest: folded(detail)}
	shares := list
	var beyond error
	for in.skip(around); in.rest != "" || len(shares) == len(list); in.skip(around) {
		if len(shares) > len(list) {
			in.skip(between)
		}
		merchant, fen := in.share()
		if in.failed {
			return list, errors.New("it is not a list of 商户号<digits>-分成金额(分)<fen>")
		}
		amount, err := strconv.ParseInt(fen, 10, 64)
		if err != nil && beyond == nil {
			beyond = fmt.Errorf("an amount is beyond int64: %.40s", fen)
		}
		shares = append(shares, schema.Share{MerchantNo: merchant, Amount: schema.Fen(amount)})
	}
	if beyond != nil {
		return list, beyond
	}
	return shares, nil
}

// detailReader reads a folded settle_detail from its beginning.
type detailReader struct {
	rest   string
	failed bool // something else than wanted was there
}

// share reads one share.
func (r *detailReader) share() (merchant, fen string) {
	r.want("商户号")
	merchant = r.number()
	r.want("-")
	r.skip("-")
	r.want("分成金额")
	r.want("(")
	r.want("分")
	r.want(")")
	return merchant, r.number()
}

// number reads digits, with a colon before them or without, and the spaces behind them.
func (r *detailReader) number() (digits string) {
	r.rest = strings.TrimPrefix(r.rest, ":")
	r.skip(" ")
	n := 0
	for n < len(r.rest) && isDigit(r.rest[n]) {
		n++
	}
	digits, r.rest = r.rest[:n], r.rest[n:]
	r.failed = r.failed || n == 0
	r.skip(" ")
	return digits
}

// want reads a part of a share, and the spaces behind it.
func (r *detailReader) want(part string) {
	rest, ok := strings.CutPrefix(r.rest, part)
	r.rest, r.failed = rest, r.failed || !ok
	r.skip(" ")
}

// skip skips any of the marks.
func (r *detailReader) skip(marks string) {
	for r.rest != "" {
		switch c := r.rest[0]; {
		case isDigit(c), c > 0xe3: // no mark begins so
			return
		case c < utf8.RuneSelf:
			if strings.IndexByte(marks, c) < 0 {
				return
			}
			r.rest = r.rest[1:]
		default:
			r.rest = strings.TrimLeft(r.rest, marks)
			return
		}
	}
}

// folded returns the text with every character folded.
func folded(text string) string {
	var memory [256]byte
	to := memory[:0]
	plain := 0 // up to here, to has all
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= ' ' && c <= '~':
			i++
			continue
		case c == '\n' || c == '\r' || c == '\t':
			to = append(append(to, text[plain:i]...), ' ')
			i++
			plain = i
			continue
		case i+3 > len(text) || text[i+1]&0xc0 != 0x80 || text[i+2]&0xc0 != 0x80: // not three bytes
			return strings.Map(fold, text)
		case c >= 0xe5 && c <= 0xe9: // U+5000 to U+9FFF, which has the words of a share
			i += 3
			continue
		case c != 0xe2 && c != 0xef: // neither dashes nor full-width characters
			return strings.Map(fold, text)
		}
		r, _ := utf8.DecodeRuneInString(text[i:])
		if r = fold(r); r >= utf8.RuneSelf {
			return strings.Map(fold, text)
		}
		to = append(append(to, text[plain:i]...), byte(r))
		i += 3
		plain = i
	}
	if plain == 0 {
		return text
	}
	return string(append(to, text[plain:]...))
}

// fold replaces spaces, dashes and full-width characters by their ASCII form.
func fold(r rune) rune {
	const wide, narrow = '！', '!' // the first of each range; both have the same order
	switch {
	case r >= ' ' && r <= '~', r >= '一' && r <= '\u9fff': // most of the text
		return r
	case r >= '‐' && r <= '―': // most dashes
		return '-'
	case r >= wide && r <= '～':
		return r - wide + narrow
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '−':
		return '-'
	default:
		return r
	}
}
