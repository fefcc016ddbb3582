package audit

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
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
func foldReplacements(s string) string {
	if !strings.Contains(s, "\uFFFD\uFFFD") {
		return s
	}
	return replacements.ReplaceAllString(s, "\uFFFD")
}

// maxID is the maximum length of an id of the settle query (长度 <= 64 字节).
const maxID = 64

// isOdd reports whether an id is longer than maxID or has white space or invisible characters.
func isOdd(id string) bool {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' { // all between them can be seen
			return len(id) > maxID || strings.ContainsFunc(id, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
		}
	}
	return len(id) > maxID
}

// oddIDs counts the odd ids of a bill.
func oddIDs(b *schema.Bill) (n int64) {
	all := []schema.Null[string]{
		schema.Some(b.AccountID), schema.Some(b.LedgerID), b.ShopOrderID, b.ItemOrderID, b.OrderExtID,
		b.CertificateID, b.VerifyID, b.PoiID, b.VerifyPoiAccountID, b.SkuID,
	}
	for _, id := range all {
		if isOdd(id.V) {
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

// counts returns the counts that are not 0 as text, by name.
func counts[K ~string, V comparable](m map[K]V) (text string) {
	var zero V
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if m[k] != zero {
			text += fmt.Sprintf("%s %+v, ", k, m[k])
		}
	}
	return text
}
