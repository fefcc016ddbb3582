package normalise

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// The functions of this file read JSON at a place of a text. They return the place after
// what they read, or -1 for all that they do not recognise: the decoder then decides
// whether it is an error. A place that is -1, or beyond the text, is never read.

// span is a part of a text.
type span struct{ from, to int32 }

// byteAt returns the byte at a place, or 0 beyond the text.
func byteAt(b []byte, i int) byte {
	if uint(i) < uint(len(b)) {
		return b[i]
	}
	return 0
}

// skipSpace returns the place after white space.
func skipSpace(b []byte, i int) int {
	for {
		switch byteAt(b, i) {
		case ' ', '\n', '\t', '\r':
			i++
		default:
			return i
		}
	}
}

// One bit, or one number, in each of eight bytes.
const (
	eachByte  = 0x0101010101010101
	eachHigh  = 0x80 * eachByte
	eachQuote = '"' * eachByte
	eachSlash = '\\' * eachByte
	eachSpace = ' ' * eachByte
)

// zeroBytes has the high bit of the first byte that is 0; those above may be wrong.
func zeroBytes(x uint64) uint64 { return (x - eachByte) &^ x & eachHigh }

// marks are what is found in a string beside plain ASCII.
type marks uint8

const (
	escaped marks = 1 << iota // has a backslash
	wide                      // has bytes beyond ASCII
)

// scanString returns the place of the quote that ends the string whose text begins at i.
// It takes eight bytes at a time, and neither checks escapes nor UTF-8.
func scanString(b []byte, i int) (end int, found marks) {
	for {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			stops := zeroBytes(x^eachQuote) | zeroBytes(x^eachSlash) | (x-eachSpace)&^x&eachHigh
			if stops == 0 {
				if x&eachHigh != 0 {
					found |= wide
				}
				i += 8
				continue
			}
			bit := bits.TrailingZeros64(stops)
			if x&eachHigh&(1<<bit-1) != 0 {
				found |= wide
			}
			i += bit >> 3
			break
		}
		switch c := byteAt(b, i); {
		case c == '"':
			return i, found
		case c == '\\':
			found |= escaped
			i += 2
		case c < ' ': // or the end
			return -1, 0
		default: // one of the last seven bytes
			if c >= utf8.RuneSelf {
				found |= wide
			}
			i++
		}
	}
}

// scanWhole returns the place after a whole number. What follows it is not looked at.
func scanWhole(b []byte, i int) int {
	if byteAt(b, i) == '-' {
		i++
	}
	switch c := byteAt(b, i); {
	case c == '0':
		return i + 1
	case c < '1' || c > '9':
		return -1
	}
	return skipDigits(b, i+1)
}

func skipDigits(b []byte, i int) int {
	for isDigit(byteAt(b, i)) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// maxDigits always fit into an int64.
const maxDigits = 18

// scanInteger reads a whole number, bare or quoted, of at most maxDigits.
func scanInteger(b []byte, i int) (value int64, next int) {
	quoted := byteAt(b, i) == '"'
	if quoted {
		i++
	}
	minus := byteAt(b, i) == '-'
	if minus {
		i++
	}
	from := i
	for ; isDigit(byteAt(b, i)); i++ {
		value = 10*value + int64(b[i]-'0')
	}
	digits := i - from
	switch {
	case digits == 0, digits > maxDigits:
		return 0, -1
	case quoted && byteAt(b, i) == '"':
		i++
	case quoted, digits > 1 && b[from] == '0':
		return 0, -1
	}
	if minus {
		value = -value
	}
	return value, i
}

// scanPlain returns the place after a value whose canonical form is the value itself: it has
// no white space, no escapes, and no objects with members.
func scanPlain(b []byte, i, depth int) int {
	switch c := byteAt(b, i); {
	case c == '"':
		end, found := scanString(b, i+1)
		if end < 0 || found&escaped != 0 || found&wide != 0 && !utf8.Valid(b[i:end]) {
			return -1
		}
		return end + 1
	case c == '-' || isDigit(c):
		return scanNumber(b, i)
	case c == 't':
		return scanToken(b, i, "true")
	case c == 'f':
		return scanToken(b, i, "false")
	case c == 'n':
		return scanToken(b, i, "null")
	case c == '{':
		return scanToken(b, i, "{}")
	case c == '[':
		return scanPlainList(b, i, depth)
	}
	return -1
}

func scanPlainList(b []byte, i, depth int) int {
	if byteAt(b, i+1) == ']' {
		return i + 2
	}
	if depth == maxDepth {
		return -1
	}
	for open := byte('['); byteAt(b, i) == open; open = ',' {
		i = scanPlain(b, i+1, depth+1)
	}
	if byteAt(b, i) != ']' {
		return -1
	}
	return i + 1
}

// scanToken returns the place after the token, or -1 if something else is there.
func scanToken(b []byte, i int, token string) int {
	if uint(i) <= uint(len(b)) && len(b)-i >= len(token) && string(b[i:i+len(token)]) == token {
		return i + len(token)
	}
	return -1
}

// scanNumber returns the place after a number.
func scanNumber(b []byte, i int) int {
	if i = scanWhole(b, i); i < 0 {
		return -1
	}
	if byteAt(b, i) == '.' {
		if i++; !isDigit(byteAt(b, i)) {
			return -1
		}
		i = skipDigits(b, i)
	}
	if c := byteAt(b, i); c == 'e' || c == 'E' {
		if c := byteAt(b, i+1); c == '+' || c == '-' {
			i++
		}
		if i++; !isDigit(byteAt(b, i)) {
			return -1
		}
		i = skipDigits(b, i)
	}
	return i
}

// maxDepth is how deep values may be nested. The decoder has a limit as well, which is
// much higher and counts from the start of the page.
const maxDepth = 100

// skipValue returns the end of a value, if it is valid JSON.
func skipValue(b []byte, i int) int {
	for depth := 0; ; {
		switch byteAt(b, i) {
		case 0:
			return -1
		case '"':
			end, _ := scanString(b, i+1)
			if end < 0 {
				return -1
			}
			i = end + 1
		case '{', '[':
			if depth++; depth > maxDepth {
				return -1
			}
			i++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return -1
			}
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return -1
			}
			i++
			continue
		default:
			for isBare(byteAt(b, i)) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// isBare reports whether a byte can be part of a number, true, false or null.
func isBare(c byte) bool {
	switch c {
	case 0, '"', '{', '}', '[', ']', ',', ':', ' ', '\t', '\r', '\n':
		return false
	}
	return true
}
