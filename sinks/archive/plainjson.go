package archive

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// isPlain reports whether a text is JSON as most answers are: one value without white space,
// escapes and fractions, whose objects have few members, each named once in ASCII. Such a text
// is valid. Of all others it says nothing: to look closely takes several times as long.
func isPlain(text []byte) bool { return plainValue(text, 0, 0) == len(text) }

const (
	plainDepth   = 8  // of nested values
	plainMembers = 24 // of an object: each name is compared with those before it
)

// plainValue returns the place after the value at i, or -1 if it is not plain.
func plainValue(b []byte, i, depth int) int {
	if i >= len(b) || depth > plainDepth {
		return -1
	}
	switch b[i] {
	case '{':
		return plainObject(b, i, depth)
	case '[':
		return plainList(b, i, depth)
	case '"':
		end, _ := plainString(b, i)
		return end
	case 't':
		return plainWord(b, i, "true")
	case 'f':
		return plainWord(b, i, "false")
	case 'n':
		return plainWord(b, i, "null")
	}
	return plainInteger(b, i)
}

func plainObject(b []byte, i, depth int) int {
	if startsWith(b, i+1, '}') {
		return i + 2
	}
	var names [plainMembers][]byte
	for n := range names {
		end, ascii := plainString(b, i+1)
		if !ascii || !startsWith(b, end, ':') {
			return -1
		}
		names[n] = b[i+1 : end]
		for _, before := range names[:n] {
			if bytes.Equal(before, names[n]) {
				return -1
			}
		}
		i = plainValue(b, end+1, depth+1)
		if startsWith(b, i, '}') {
			return i + 1
		}
		if !startsWith(b, i, ',') {
			return -1
		}
	}
	return -1
}

func plainList(b []byte, i, depth int) int {
	if startsWith(b, i+1, ']') {
		return i + 2
	}
	for {
		i = plainValue(b, i+1, depth+1)
		if startsWith(b, i, ']') {
			return i + 1
		}
		if !startsWith(b, i, ',') {
			return -1
		}
	}
}

// plainString also reports whether all of the string is ASCII. Other bytes need not be UTF-8.
func plainString(b []byte, i int) (end int, ascii bool) {
	if !startsWith(b, i, '"') {
		return -1, false
	}
	wide := false
	for i++; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		ends := (zeroIn(x^'"'*eachByte) | zeroIn(x^'\\'*eachByte) | zeroIn(x&^(0x1f*eachByte))) & eachHigh
		if ends != 0 { // the first of them is right
			bit := bits.TrailingZeros64(ends)
			if i += bit >> 3; b[i] != '"' {
				return -1, false
			}
			return i + 1, !wide && x&eachHigh&(1<<bit-1) == 0
		}
		wide = wide || x&eachHigh != 0
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1, !wide
		case c < ' ', c == '\\':
			return -1, false
		case c >= utf8.RuneSelf:
			wide = true
		}
	}
	return -1, false
}

// A number in each of eight bytes, and their high bits.
const (
	eachByte = 0x0101010101010101
	eachHigh = 0x80 * eachByte
)

// zeroIn has the high bit of the first byte that is 0. Those above may be wrong.
func zeroIn(x uint64) uint64 { return (x - eachByte) &^ x }

func plainInteger(b []byte, i int) int {
	if startsWith(b, i, '-') {
		i++
	}
	from := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == from || i > from+1 && b[from] == '0' {
		return -1
	}
	return i
}

func plainWord(b []byte, i int, word string) int {
	if !bytes.HasPrefix(b[i:], []byte(word)) {
		return -1
	}
	return i + len(word)
}

// startsWith reports whether the byte at a place, which may be -1 or the end, is c.
func startsWith(b []byte, i int, c byte) bool { return i >= 0 && i < len(b) && b[i] == c }
