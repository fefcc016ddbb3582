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

// One share of a settle_detail, and what may stand around shares. The documents
// show a single share only: how the platform parts several is not known, so any
// mark will do that cannot be taken for a part of an amount, and a hyphen only
// where no amount can follow it.
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
// Spaces, colons and full-width signs may stand in it. The shares have to explain
// the whole text: what else it says, a sign, a decimal point or an amount beyond
// int64 is an error, as is an empty text.
func ParseDetail(detail string) ([]schema.Share, error) {
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

// fold writes the many forms of a blank, a dash and a full-width sign as one.
func fold(r rune) rune {
	const wide, narrow = '！', '!' // the first of both alphabets, which have the same order
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
