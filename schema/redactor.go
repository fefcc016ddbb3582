package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"sync/atomic"
)

// Redactor replaces texts that must not be shown: credentials, tokens and values of
// environment variables. It finds them as they are and escaped as in JSON or a URL. The zero
// value and nil replace nothing. It is safe for concurrent use.
type Redactor struct{ hidden atomic.Pointer[[]hidden] }

// hidden is a text and its replacement.
type hidden struct {
	text    Secret
	instead string
}

// Hide replaces a text from now on. A short text is not hidden, because it is a part of
// ordinary words: it needs 8 characters, or 6 with letters and digits among them.
func (r *Redactor) Hide(text Secret, instead string) {
	if !worthHiding(text.Reveal()) {
		return
	}
	for {
		old := r.hidden.Load()
		known := r.list()
		if slices.ContainsFunc(known, func(h hidden) bool { return h.text == text }) {
			return
		}
		list := append(slices.Clone(known), hidden{text, instead})
		slices.SortStableFunc(list, func(a, b hidden) int { return cmp.Compare(len(b.text.Reveal()), len(a.text.Reveal())) })
		if r.hidden.CompareAndSwap(old, &list) {
			return
		}
	}
}

// HideSecret replaces a credential by [redacted] from now on.
func (r *Redactor) HideSecret(secret Secret) { r.Hide(secret, redacted) }

// Add hides all that the other redactor hides.
func (r *Redactor) Add(other *Redactor) {
	for _, h := range other.list() {
		r.Hide(h.text, h.instead)
	}
}

func (r *Redactor) list() []hidden {
	if r == nil {
		return nil
	}
	if list := r.hidden.Load(); list != nil {
		return *list
	}
	return nil
}

const (
	longHidden  = 8
	shortHidden = 6
)

func worthHiding(text string) bool {
	letters, digits := false, false
	for _, c := range []byte(text) {
		digits = digits || c >= '0' && c <= '9'
		letters = letters || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	return len(text) >= longHidden || len(text) >= shortHidden && letters && digits
}

// Text returns the text with all hidden texts replaced.
func (r *Redactor) Text(text string) string {
	if len(r.list()) == 0 {
		return text
	}
	return string(r.Bytes([]byte(text)))
}

// Bytes is Text for bytes. Valid JSON stays valid: only its strings and names change. If there
// is nothing to replace it returns its argument.
func (r *Redactor) Bytes(text []byte) []byte {
	list := r.list()
	if !mayContain(text, list) {
		return text
	}
	changed := replace(text, list, false)
	if changed == nil {
		return text
	}
	if !json.Valid(text) {
		return changed
	}
	return inStrings(text, list)
}

// inStrings replaces within the strings of valid JSON.
func inStrings(text []byte, list []hidden) []byte {
	out := make([]byte, 0, len(text))
	for {
		before, rest, found := bytes.Cut(text, []byte{'"'})
		out = append(out, before...)
		if !found {
			return out
		}
		end := 0
		for rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		inner := rest[:end]
		if changed := replace(inner, list, true); changed != nil {
			inner = changed
		}
		out = append(append(append(out, '"'), inner...), '"')
		text = rest[end+1:]
	}
}

// replace returns the text with the hidden texts replaced, or nil if there are none. Within
// JSON it does not cut an escape in two.
func replace(text []byte, list []hidden, inJSON bool) (changed []byte) {
	kept := 0 // the text before this is in changed already
	for i := 0; i < len(text); i++ {
		if n, instead := find(text, i, list, inJSON); n > 0 {
			changed = append(append(changed, text[kept:i]...), instead...)
			kept, i = i+n, i+n-1
		} else if inJSON && text[i] == '\\' {
			i++
		}
	}
	if changed == nil {
		return nil
	}
	return append(changed, text[kept:]...)
}

// find returns the length of the hidden text that begins at a place, and its replacement.
func find(text []byte, at int, list []hidden, inJSON bool) (n int, instead string) {
	escaped := text[at] == '\\' || text[at] == '%'
	for _, h := range list {
		hide := h.text.Reveal()
		if !escaped && hide[0] != text[at] {
			continue
		}
		if n, ok := prefixLength(text[at:], hide, inJSON); ok && !partOfNumber(text, at, n, hide) {
			return n, h.instead
		}
	}
	return 0, ""
}

// partOfNumber reports whether a text of digits is a part of a longer number, such as an id.
func partOfNumber(text []byte, at, n int, hide string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for _, c := range []byte(hide) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return digit(at-1) || digit(at+n)
}

// prefixLength returns how many bytes at the start of s are the text, each character as it is
// or escaped.
func prefixLength(s []byte, text string, inJSON bool) (n int, ok bool) {
	for i := range len(text) {
		if n >= len(s) {
			return 0, false
		}
		for _, width := range escapes(s[n:], text[i]) {
			if rest, ok := prefixLength(s[n+width:], text[i+1:], inJSON); ok {
				return n + width + rest, true
			}
		}
		if s[n] != text[i] || inJSON && s[n] == '\\' {
			return 0, false
		}
		n++
	}
	return n, true
}

// escapes returns the lengths of escapes at the start of s that mean the character.
func escapes(s []byte, c byte) (widths []int) {
	if s[0] != '\\' && s[0] != '%' {
		return nil
	}
	if got, width := unescape(s); width > 0 && got == c {
		return []int{width}
	}
	for width := 4; c == '\\' && width > 1; width /= 2 {
		if bytes.HasPrefix(s, []byte(`\\\\`[:width])) {
			widths = append(widths, width)
		}
	}
	return widths
}

// unescape reads one character that JSON or a URL has escaped, JSON within JSON
// included, and how long its escape is; 0 if there is none.
func unescape(s []byte) (c byte, width int) {
	if s[0] == '%' {
		if len(s) < 3 {
			return 0, 0
		}
		n, err := strconv.ParseUint(string(s[1:3]), 16, 8)
		if err != nil {
			return 0, 0
		}
		return byte(n), 3
	}
	slashes := 0
	for slashes < len(s) && s[slashes] == '\\' {
		slashes++
	}
	switch rest := s[slashes:]; {
	case len(rest) > 0 && (rest[0] == '"' || rest[0] == '/'):
		return rest[0], slashes + 1
	case len(rest) >= 5 && rest[0] == 'u':
		if n, err := strconv.ParseUint(string(rest[1:5]), 16, 8); err == nil {
			return byte(n), slashes + 5
		}
	}
	return 0, 0
}
