package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"billwalk/schema"
)

// cell is a cell of a row. Its number is of fen, of basis points, or of what is counted: no
// amount becomes a float.
type cell struct {
	kind    cellKind
	style   int // 0 is that of the kind
	text    string
	number  int64
	formula string // which has the number as its value
}

type cellKind byte

// The kinds of cells.
const (
	emptyCell cellKind = iota
	textCell
	amountCell  // fen, which the sheet adds up; shown in yuan
	decimalCell // hundredths
	countCell
)

// cellOf returns a value as a cell. What is not known, and an empty text, is an empty one.
func cellOf(value any) cell {
	switch v := value.(type) {
	case cell:
		return v
	case string:
		return cellOfText(v)
	case Amount:
		return cellOfAmount(v)
	case schema.Fen:
		return cell{kind: amountCell, number: int64(v)}
	case int:
		return cell{kind: countCell, number: int64(v)}
	case int64:
		return cell{kind: countCell, number: v}
	case nil:
		return cell{}
	}
	panic(fmt.Sprintf("report: a cell of type %T", value))
}

func cellOfText(text string) cell {
	if text == "" {
		return cell{}
	}
	return cell{kind: textCell, text: text}
}

func cellOfAmount(amount Amount) cell {
	if !amount.Valid {
		return cell{}
	}
	return cell{kind: amountCell, number: int64(amount.V)}
}

// appendRow appends the XML of the row, which the sheet has as its last one. It is what the library
// would write, which takes many times as long; and rows are most of a workbook.
func (s *sheet) appendRow(to []byte, row []cell) []byte {
	var digits [20]byte
	number := strconv.AppendInt(digits[:0], int64(s.row), 10)
	to = append(append(append(to, `<row r="`...), number...), `">`...)
	for i := range row {
		if row[i].kind == emptyCell {
			continue
		}
		to = append(append(append(to, `<c r="`...), s.letters[i]...), number...)
		to = s.book.appendCell(append(to, `" s="`...), &row[i])
		to = append(to, `</c>`...)
	}
	return append(to, `</row>`...)
}

// appendCell appends a cell from its style on. An amount that a spreadsheet would round is a text.
func (b *workbook) appendCell(to []byte, c *cell) []byte {
	kind, style, text := c.kind, b.count, c.text
	switch {
	case kind == amountCell && beyond(schema.Fen(c.number)):
		kind, style, text = textCell, b.text, schema.Fen(c.number).Yuan()
	case kind == textCell:
		style = b.text
	case kind != countCell:
		style = b.amount
	}
	if c.style != 0 {
		style = c.style
	}
	to = append(strconv.AppendInt(to, int64(style), 10), '"')
	if kind == textCell {
		return append(appendText(append(to, ` t="inlineStr"><is><t`...), text), `</t></is>`...)
	}
	to = append(to, '>')
	if c.formula != "" {
		to = append(appendEscaped(append(to, `<f>`...), c.formula), `</f>`...)
	}
	to = append(to, `<v>`...)
	if kind == countCell {
		to = strconv.AppendInt(to, c.number, 10)
	} else {
		to = appendHundredths(to, c.number)
	}
	return append(to, `</v>`...)
}

// appendHundredths appends a number of hundredths, without zeros at its end.
func appendHundredths(to []byte, n int64) []byte {
	if n < 0 {
		to = append(to, '-')
	}
	whole, cents := n/100, n%100
	to = strconv.AppendUint(to, uint64(max(whole, -whole)), 10)
	if cents = max(cents, -cents); cents == 0 {
		return to
	}
	to = append(to, '.', byte('0'+cents/10))
	if cents%10 != 0 {
		to = append(to, byte('0'+cents%10))
	}
	return to
}

// appendText appends the end of an element's tag, and a text as it fits into a cell.
func appendText(to []byte, text string) []byte {
	if plain(text) {
		return append(append(to, '>'), text...)
	}
	text = fitting(text)
	if strings.ContainsAny(text[:1]+text[len(text)-1:], " \t\n") {
		to = append(to, ` xml:space="preserve"`...)
	}
	to = append(to, '>')
	start := len(to)
	to = appendEscaped(to, quoteCodes(text))
	return append(to[:start], bytes.ReplaceAll(to[start:], []byte("&#xA;"), []byte("\n"))...)
}

// plain reports whether a text is the same in XML, as most ids, days, times and names are.
func plain(text string) bool {
	if len(text) > maxCell || strings.HasPrefix(text, " ") || strings.HasSuffix(text, " ") {
		return false
	}
	ascii := true
	for i := range len(text) {
		switch c := text[i]; c {
		case '&', '<', '>', '"', '\'', '_', 0xEF: // 0xEF begins what XML does not have, among others
			return false
		default:
			if c < ' ' {
				return false
			}
			ascii = ascii && c < utf8.RuneSelf
		}
	}
	return ascii || utf8.ValidString(text)
}

func appendEscaped(to []byte, text string) []byte {
	out := bytes.NewBuffer(to)
	_ = xml.EscapeText(out, []byte(text)) // a buffer has no errors
	return out.Bytes()
}

var hexCode = regexp.MustCompile(`^[0-9A-Fa-f]{4}_`)

// quoteCodes quotes what a spreadsheet reads as the code of a character: _x0041_ is A.
func quoteCodes(text string) string {
	var quoted strings.Builder
	for {
		before, after, found := strings.Cut(text, "_x")
		quoted.WriteString(before)
		if !found {
			return quoted.String()
		}
		if hexCode.MatchString(after) {
			quoted.WriteString("_x005F")
		}
		quoted.WriteString("_x")
		text = after
	}
}
