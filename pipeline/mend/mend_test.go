package mend

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// TestText: valid text stays byte for byte, and each invalid piece becomes one U+FFFD.
func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``: ``,
		`{"a":"双人套餐 \u53cc \"\\ud83c\" 🍜"}`: `{"a":"双人套餐 \u53cc \"\\ud83c\" 🍜"}`,
		`"` + "\xef\xbf\xbd" + ` \ufffd"`:   `"` + "\xef\xbf\xbd" + ` \ufffd"`, // sent by the platform
		`"\ud83c\udf5c"`:                    `"\ud83c\udf5c"`,
		`"\ud83c"`:                          `"�"`,
		`"\uDF5C\ud83c"`:                    `"��"`,
		`"\ud83c\ud83c\udf5c"`:              `"�\ud83c\udf5c"`,
		`"\ud83cA"`:                         `"�A"`,
		`"\\\ud83c"`:                        `"\\�"`,
		`"\ud83c\n"`:                        `"�\n"`,
		"\"双人套\xe9\xa4\"":                   `"双人套�"`, // one character, cut after two bytes
		"\"\xf0\x9f\x8d\"":                  `"�"`,
		"\"\xff\xfe\"":                      `"��"`,
		"\"\xe9\xa4a\xe9\"":                 `"�a�"`,
		"\"\xed\xa0\xbc\"":                  `"���"`, // a surrogate in UTF-8: no part of it begins a character
		"{\"\xc3\":1}":                      `{"�":1}`,
		"\xf0\x9f":                          `�`,
	} {
		if got := Text([]byte(in)); string(got) != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestUnquote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`""`:                               "",
		`"{\"a\":\"\\ud83c\"}"`:            `{"a":"\ud83c"}`,
		"\"{\\\"a\\\":\\\"\xe9\xa4\\\"}\"": "{\"a\":\"\xe9\xa4\"}",
		`"a\ud83cb"`:                       "a\xffb",
		"\"\xff\\u53cc\"":                  "\xff双",
	} {
		if got, err := Unquote([]byte(in)); string(got) != want || err != nil {
			t.Errorf("%q is %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{``, `"`, `a`, `"\x"`, "\"\xff\\x\"", `"\u12"`} {
		if got, err := Unquote([]byte(in)); err == nil {
			t.Errorf("%q is %q", in, got)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":"b","c":["�"]}`:                                  "",
		`{"a":"\ud83c","b":1}`:                                 "a",
		`{"a":{"b":["x","\ud83c","\ud83c"]},"c":"` + "\xff\"}": "a.b.1, a.b.2, c",
		"{\"\xff\":\"\xff\"}":                                  "�",
		`{"a":"\ud83c","b":"\ud83c","c":"\ud83c","d":"\ud83c","e":"\ud83c","f":"\ud83c","g":"\ud83c"}`: "a, b, c, d, e, and 2 more",
	} {
		if got := Places([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzText: mended JSON is JSON to a strict reader, says the same as a lenient one
// reads, and is mended once and for all.
func FuzzText(f *testing.F) {
	f.Add([]byte(`{"a":"\ud83c","b":["\udf5c\ud83c\udf5c",1.50,"双"]}`))
	f.Add([]byte("{\"\xe9\xa4\":\"\xff\\\\\"}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		mended := Text(in)
		lenient := jsontext.Value(in).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if strict := jsontext.Value(mended).IsValid(jsontext.AllowDuplicateNames(true)); strict != lenient {
			t.Fatalf("%q: valid %t, mended %q: valid %t", in, lenient, mended, strict)
		}
		if !lenient {
			return
		}
		if !utf8.Valid(mended) || !bytes.Equal(Text(mended), mended) {
			t.Fatalf("%q is mended to %q", in, mended)
		}
		valid := jsontext.Value(in).IsValid(jsontext.AllowDuplicateNames(true))
		if valid != bytes.Equal(mended, in) || valid != (Places(in) == "") {
			t.Fatalf("%q: valid %t, mended %q, places %q", in, valid, mended, Places(in))
		}
		if in[0] == '"' && in[len(in)-1] == '"' {
			if text, err := Unquote(in); err != nil || utf8.Valid(text) != valid {
				t.Fatalf("%q: valid %t, is %q, %v", in, valid, text, err)
			}
		}
	})
}
