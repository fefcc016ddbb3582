package cli

import (
	"slices"
	"testing"
)

// TestTerms: each term is found by its own code, and explained in both languages.
func TestTerms(t *testing.T) {
	t.Parallel()
	all := terms()
	for _, d := range all {
		if !slices.ContainsFunc(findTerms(d.Code), func(found definition) bool { return found.Kind == d.Kind }) {
			t.Errorf("%s %s is not found by its code", d.Kind.English, d.Code)
		}
		for _, r := range append([]remedy{{Bilingual: d.Kind}, {Bilingual: d.Meaning}}, d.Remedies...) {
			if r.English == "" || r.Chinese == "" {
				t.Errorf("%s %s has %+v", d.Kind.English, d.Code, r)
			}
		}
	}
}
