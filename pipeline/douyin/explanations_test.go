package douyin

import (
	"strings"
	"testing"
	"unicode"

	"billwalk/schema"
)

// TestExplanations: each code of both tables is explained in both languages, for each API.
func TestExplanations(t *testing.T) {
	t.Parallel()
	all := append(Explanations(), Unknown(77))
	if len(all) != len(codes)+len(subCodes)+1 {
		t.Fatalf("%d of %d codes are explained", len(all), len(codes)+len(subCodes))
	}
	for _, e := range all {
		apis := 0
		texts := []schema.Bilingual{e.Meaning, e.Handling}
		for _, r := range e.Remedies {
			apis, texts = apis+len(r.APIs), append(texts, r.Bilingual)
		}
		if apis != 4 {
			t.Errorf("%d has remedies for %d APIs", e.Code, apis)
		}
		for _, text := range texts {
			isHan := func(r rune) bool { return unicode.Is(unicode.Han, r) }
			if text.English == "" || strings.ContainsFunc(text.English, isHan) || strings.HasPrefix(text.English, ";") {
				t.Errorf("%d: English is %q", e.Code, text.English)
			}
			if !strings.ContainsFunc(text.Chinese, isHan) || strings.ContainsAny(text.Chinese, ",;") || strings.Contains(text.Chinese, " the ") {
				t.Errorf("%d: Chinese is %q", e.Code, text.Chinese)
			}
		}
	}
}
