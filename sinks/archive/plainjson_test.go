package archive

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// plainTexts are plain, and others that are nearly so.
var (
	plainTexts = []string{
		`{}`, `[]`, `0`, `-1`, `""`, `null`, `[1,[2,[]],{"a":{"a":true}},false]`, `{"a":1,"b":"商户号","aa":"` + "\xff" + `"}`,
		`{"data":[{"settle_id":"7","settle_amount":4239,"cp_extra":""}],"extra":{"error_code":0,"now":1795804581}}`,
	}
	otherTexts = []string{
		``, ` 1`, `1 `, `01`, `-`, `1.5`, `1e3`, `"\n"`, "\"\n\"", `"`, `{`, `[`, `[1,]`, `[,1]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a":1,"a":2}`,
		`{"é":1}`, "{\"\xff\":1,\"\xfe\":2}", `nul`, `truefalse`, `1]`, `{}}`, strings.Repeat("[", 20) + strings.Repeat("]", 20),
		`{"` + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), `":1,"`) + `":1}`,
	}
)

func TestIsPlain(t *testing.T) {
	t.Parallel()
	for _, text := range plainTexts {
		if !isPlain([]byte(text)) {
			t.Errorf("%q is not plain", text)
		}
	}
	for _, text := range otherTexts {
		if isPlain([]byte(text)) {
			t.Errorf("%q is plain", text)
		}
	}
}

// FuzzIsPlain: what is plain is valid.
func FuzzIsPlain(f *testing.F) {
	for _, text := range append(plainTexts, otherTexts...) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if isPlain(text) && !jsontext.Value(text).IsValid(jsontext.AllowInvalidUTF8(true)) {
			t.Fatalf("%q is plain and not valid", text)
		}
	})
}
