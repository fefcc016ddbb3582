package normalise

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"billwalk/schema"
)

// One share of a settle_detail, and the characters allowed around shares. The
// documentation only shows a single share, so how several are separated is not known. Any
// mark is accepted that cannot be part of an amount, and a hyphen where no amount can
// follow.
const (
	onlyShare = `商户号 *:? *([0-9]+) *-+ *分成金额 *\( *分 *\) *:? *([0-9]+)`
	around    = `[ ,;:、。|/\\&_]*`
	between   = `[ ,;:、。|/\\&_+-]*`
)

var (
	oneShare  = regexp.MustCompile(onlyShare)
	allShares = regexp.MustCompile(`^` + around + onlyShare + `(?:` + between + onlyShare + `)*` + around + `$`)
)

// ParseDetail reads the shares out of a settle_detail:
//
//	商户号68882720803499563550-分成金额(分)840
//
// It may have spaces, colons and full-width characters. Anything else in the text is an
// error, as are an empty text, a sign, a decimal point and an amount beyond int64.
func ParseDetail(detail string) ([]schema.Share, error) {
	if shares := plainShares(detail); shares != nil {
		return shares, nil
	}
	return matchShares(detail)
}

// plainShares returns the shares of a text that is written as the documentation has it,
// with single commas or semicolons between shares; nil for all else.
func plainShares(detail string) []schema.Share {
	shares := make([]schema.Share, 0, 1)
	for {
		rest, ok := strings.CutPrefix(detail, "商户号")
		merchant := digits(rest)
		amount, isAmount := strings.CutPrefix(rest[len(merchant):], "-分成金额(分)")
		fen := digits(amount)
		if !ok || !isAmount || merchant == "" || fen == "" || len(fen) > maxDigits {
			return nil
		}
		var v int64
		for _, c := range []byte(fen) {
			v = 10*v + int64(c-'0')
		}
		shares = append(shares, schema.Share{MerchantNo: merchant, Amount: schema.Fen(v)})
		if detail = amount[len(fen):]; detail == "" {
			return shares
		}
		if detail[0] != ',' && detail[0] != ';' {
			return nil
		}
		detail = detail[1:]
	}
}

// digits returns the digits at the beginning of a text.
func digits(text string) string {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return text[:n]
}

// matchShares reads the shares of any text.
func matchShares(detail string) ([]schema.Share, error) {
	folded := strings.Map(fold, detail)
	if !allShares.MatchString(folded) {
		return nil, errors.New("it is not a list of 商户号<digits>-分成金额(分)<fen>")
	}
	found := oneShare.FindAllStringSubmatch(folded, -1)
	shares := make([]schema.Share, len(found))
	for i, share := range found {
		amount, err := strconv.ParseInt(share[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("an amount is beyond int64: %.40s", share[2])
		}
		shares[i] = schema.Share{MerchantNo: share[1], Amount: schema.Fen(amount)}
	}
	return shares, nil
}

// fold replaces spaces, dashes and full-width characters by their ASCII form.
func fold(r rune) rune {
	const wide, narrow = '！', '!' // the first of each range; both have the same order
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.Pd, r), r == '−':
		return '-'
	case r >= wide && r <= '～':
		return r - wide + narrow
	default:
		return r
	}
}
