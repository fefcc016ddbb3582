package audit

import (
	"regexp"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

// readable reads a text for people, valid or not. It is nil where the value is no text.
func readable(raw jsontext.Value) *schema.Null[string] {
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

// mendedAlike makes two ways to mend a text comparable: for the bytes that are left
// of a character one writes U+FFFD once, another as many times as there are bytes.
func mendedAlike(s string) string { return replacements.ReplaceAllString(s, "\uFFFD") }

// longest is how many bytes of an id the settle query takes (长度 <= 64 字节).
const longest = 64

// oddIDs counts the ids of a bill that are longer, or have white space or invisible
// characters in them.
func oddIDs(b *schema.Bill) (n int64) {
	all := []schema.Null[string]{
		schema.Some(b.AccountID), schema.Some(b.LedgerID), b.ShopOrderID, b.ItemOrderID, b.OrderExtID,
		b.CertificateID, b.VerifyID, b.PoiID, b.VerifyPoiAccountID, b.SkuID,
	}
	for _, id := range all {
		odd := len(id.V) > longest
		for _, r := range id.V {
			odd = odd || unicode.IsSpace(r) || !unicode.IsPrint(r)
		}
		if odd {
			n++
		}
	}
	return n
}

// negativesIn returns how many amounts with a minus the answer had on which a row of
// the settle query rests.
func (t *telling) negativesIn(source schema.Source, answered []telling) uint8 {
	if source != schema.SourceQuery {
		return 0 // of a callback's another one may count, too
	}
	for _, one := range answered {
		if t.restsOn([]telling{one}, nil) {
			return one.negatives
		}
	}
	return 0
}
