package schema

import "bytes"

// mayContain reports whether replace may find a hidden text. It looks at few bytes one by one,
// since most texts are long and contain none.
func mayContain(text []byte, list []hidden) bool {
	var frequent [256]int
	for _, c := range text[:min(len(text), sampled)] {
		frequent[c]++
	}
	longest, first := 0, [256]bool{}
	for _, h := range list {
		hide := h.text.Reveal()
		first[hide[0]] = true
		if containsText(text, hide, &frequent) {
			return true
		}
		longest = max(longest, len(hide))
	}
	return len(list) > 0 && containsEscaped(text, list, longest, &first)
}

const sampled = 1 << 10 // bytes at the start of a text, which show how frequent each byte is

// containsText searches for the byte of hide that is the least frequent.
func containsText(text []byte, hide string, frequent *[256]int) bool {
	rare := 0
	for i := range len(hide) {
		if frequent[hide[i]] < frequent[hide[rare]] {
			rare = i
		}
	}
	for at := rare; at < len(text); at++ {
		n := bytes.IndexByte(text[at:], hide[rare])
		if n < 0 {
			return false
		}
		at += n
		if begin := at - rare; len(text)-begin >= len(hide) && string(text[begin:begin+len(hide)]) == hide {
			return true
		}
	}
	return false
}

// containsEscaped searches around the escapes: a hidden text that is escaped begins at its
// first escape, or fewer characters before it than it has.
func containsEscaped(text []byte, list []hidden, longest int, first *[256]bool) bool {
	slash, percent := nextByte(text, 0, '\\'), nextByte(text, 0, '%')
	for done := 0; slash < len(text) || percent < len(text); {
		escape := min(slash, percent)
		for at := max(done, escape-longest+1); at <= escape; at++ {
			if !mayBegin(text[at:], first) {
				continue
			}
			if n, _ := find(text, at, list, false); n > 0 {
				return true
			}
		}
		done = escape + 1
		if slash < done {
			slash = nextByte(text, done, '\\')
		}
		if percent < done {
			percent = nextByte(text, done, '%')
		}
	}
	return false
}

// mayBegin reports whether the first character of s, as it is or escaped, is that of a hidden
// text.
func mayBegin(s []byte, first *[256]bool) bool {
	if first[s[0]] {
		return true
	}
	if s[0] != '\\' && s[0] != '%' {
		return false
	}
	c, width := unescape(s)
	return width > 0 && first[c] || s[0] == '\\' && first['\\']
}

// nextByte returns the place of the next c, or the text's length.
func nextByte(text []byte, from int, c byte) int {
	if n := bytes.IndexByte(text[from:], c); n >= 0 {
		return from + n
	}
	return len(text)
}
