package audit

import (
	"regexp"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// displayText returns a text for people, valid or not, or nil if the value is not text.
func displayText(raw jsontext.Value) *schema.Null[string] {
	switch raw.Kind() {
	case jsontext.KindString:
		s, _ := jsontext.AppendUnquote(nil, raw)
		return &schema.Null[string]{V: string(s), Valid: true}
	default:
		s, err := text(raw)
		if err != nil {
			return nil
		}
		return &s
	}
}

var replacements = regexp.MustCompile(`\x{FFFD}+`)

// foldReplacements replaces each run of U+FFFD by one. For the bytes of a cut character some
// writers have one U+FFFD, others one for each byte.
func foldReplacements(s string) string { return replacements.ReplaceAllString(s, "\uFFFD") }

// maxID is the maximum length of an id of the settle query (长度 <= 64 字节).
const maxID = 64

// oddIDs counts the ids of a bill that are longer than maxID or have white space or invisible
// characters.
func oddIDs(b *schema.Bill) (n int64) {
	all := []schema.Null[string]{
		schema.Some(b.AccountID), schema.Some(b.LedgerID), b.ShopOrderID, b.ItemOrderID, b.OrderExtID,
		b.CertificateID, b.VerifyID, b.PoiID, b.VerifyPoiAccountID, b.SkuID,
	}
	for _, id := range all {
		odd := len(id.V) > maxID
		for _, r := range id.V {
			odd = odd || unicode.IsSpace(r) || !unicode.IsPrint(r)
		}
		if odd {
			n++
		}
	}
	return n
}

// negativesIn returns the number of amounts with a minus in the answer that proves a row of
// the settle query.
func (t *statement) negativesIn(source schema.Source, answers []statement) uint8 {
	if source != schema.SourceQuery {
		return 0 // a row of callbacks may be from several
	}
	for _, one := range answers {
		if t.matches([]statement{one}, nil) {
			return one.negatives
		}
	}
	return 0
}
