// Package mend reads JSON of the platform that is not quite as it should be.
//
// Some of its text is not valid: bytes that are not UTF-8, and escapes of half a character
// (\ud83c without its other half), where a writer cut a text in the middle of a character.
// The package replaces them by U+FFFD, the Unicode replacement character. The caller decides
// whether a text may be mended. A U+FFFD that the platform sent is valid text.
//
// Some values are a string here and a number there: Literal and Integer read both.
package mend

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// BOM is the byte order mark that some writers put before JSON.
var BOM = []byte("\xef\xbb\xbf")

// Text returns JSON with each invalid piece of text replaced by one U+FFFD, as Unicode
// recommends, and everything else byte for byte. If all text is valid it returns its
// argument.
func Text(json []byte) []byte {
	start, end := invalid(json, 0)
	if start == len(json) {
		return json
	}
	mended := make([]byte, 0, len(json)+8)
	for from := 0; ; {
		mended = append(mended, json[from:start]...)
		if start == len(json) {
			return mended
		}
		mended = utf8.AppendRune(mended, utf8.RuneError)
		from = end
		start, end = invalid(json, from)
	}
}

// Unquote returns the text of a JSON string and keeps its invalid pieces: bytes as they are,
// an escape of half a character as the byte 0xFF. The text may itself be JSON with few bad
// strings, which Text can mend.
func Unquote(quoted []byte) ([]byte, error) {
	text, err := jsontext.AppendUnquote(nil, quoted)
	if err == nil || len(quoted) < 2 {
		return text, err
	}
	inner := quoted[1 : len(quoted)-1]
	text = text[:0]
	for from := 0; from < len(inner); {
		start, end := invalid(inner, from)
		valid := slices.Concat([]byte{'"'}, inner[from:start], []byte{'"'})
		if text, err = jsontext.AppendUnquote(text, valid); err != nil {
			return nil, err
		}
		switch {
		case start == len(inner):
		case inner[start] == '\\':
			text = append(text, 0xFF)
		default:
			text = append(text, inner[start:end]...)
		}
		from = end
	}
	return text, nil
}

// invalid returns the first invalid piece of text at or after an offset. If there is none,
// both results are the length.
func invalid(json []byte, from int) (start, end int) {
	for i := from; i < len(json); {
		switch c := json[i]; {
		case c == '\\':
			n, half := escape(json[i:])
			if half {
				return i, i + n
			}
			i += n
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(json[i:])
			if r == utf8.RuneError && n == 1 {
				return i, i + cut(json[i:])
			}
			i += n
		}
	}
	return len(json), len(json)
}

// escape returns the length of the escape at the start of s, and whether it is half of a
// surrogate pair. Both halves of a pair are one escape.
func escape(s []byte) (n int, half bool) {
	first, ok := unit(s)
	switch {
	case !ok:
		return min(2, len(s)), false
	case !utf16.IsSurrogate(first):
		return 6, false
	}
	if second, ok := unit(s[6:]); ok && utf16.DecodeRune(first, second) != utf8.RuneError {
		return 12, false
	}
	return 6, true
}

// unit reads an escape of the form \u83c0.
func unit(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(n), err == nil
}

// cut returns the number of bytes at the start of s that begin one character. s does not
// start with valid UTF-8.
func cut(s []byte) int {
	n := 1
	for n < len(s) && !utf8.FullRune(s[:n+1]) {
		n++
	}
	return n
}

const maxPlaces = 5 // named by Places

// Places returns the paths of the members of a JSON value whose text or name is not valid,
// such as extra.note, or "" if there are none.
func Places(json []byte) string {
	dec := jsontext.NewDecoder(bytes.NewReader(json), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	var places []string
	for {
		if dec.PeekKind() != jsontext.KindString {
			if _, err := dec.ReadToken(); err != nil {
				break
			}
			continue
		}
		text, err := dec.ReadValue()
		if err != nil {
			break
		}
		if start, _ := invalid(text, 0); start < len(text) {
			path := cmp.Or(strings.Join(slices.Collect(dec.StackPointer().Tokens()), "."), `""`)
			if !slices.Contains(places, path) {
				places = append(places, path)
			}
		}
	}
	if n := len(places); n > maxPlaces {
		places = append(places[:maxPlaces], fmt.Sprintf("and %d more", n-maxPlaces))
	}
	return strings.ToValidUTF8(strings.Join(places, ", "), string(utf8.RuneError))
}
