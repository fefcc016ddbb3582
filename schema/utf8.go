package schema

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf16"
)

// UTF8 returns the text of a file without the byte order mark that editors and spreadsheets
// add, and decodes UTF-16 if the mark says so. It does not check that other text is UTF-8.
func UTF8(content []byte) []byte {
	if rest, ok := bytes.CutPrefix(content, []byte("\ufeff")); ok {
		return rest
	}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return content
	}
	var units []uint16
	for rest := content[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units)))
}

// Invisible reports whether a reader does not see the character: white space, control
// characters, zero-width characters, marks of direction.
func Invisible(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }
