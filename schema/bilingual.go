package schema

import (
	"cmp"
	"strings"
	"unicode"
)

// Bilingual is a text for people in both languages.
type Bilingual struct {
	English string `json:"en"`
	Chinese string `json:"zh"`
}

// Both returns the text in both languages, Chinese first, for those whose language is not known.
func (b Bilingual) Both() string {
	if b.Chinese == "" || b.Chinese == b.English {
		return b.English
	}
	return b.Chinese + "; " + b.English
}

// splitBilingual splits a text in both languages, as hints of failures were written once:
// Chinese comes first, and English begins after its last character. A text in one language
// is both.
func splitBilingual(text string) Bilingual {
	last := strings.LastIndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) || r == '”' })
	if last < 0 {
		return Bilingual{English: text, Chinese: text}
	}
	end := strings.IndexAny(text[last:], "; ")
	if semicolon := strings.Index(text[last:], "; "); semicolon >= 0 {
		end = semicolon
	}
	if end < 0 {
		return Bilingual{English: text, Chinese: text}
	}
	chinese := strings.NewReplacer(", ", "，", ",", "，", "; ", "；", ";", "；").Replace(text[:last+end])
	return Bilingual{English: strings.TrimSpace(cmp.Or(strings.TrimPrefix(text[last+end:], ";"), text)), Chinese: chinese}
}
