package report

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// column is a column of a sheet.
type column struct {
	title string
	width int  // in letters; a Chinese character takes two
	sum   bool // of amounts, which are added up below the rows
}

// sheet writes rows under the titles of its columns, and begins another sheet when one is full.
type sheet struct {
	book    *workbook
	name    string
	above   []string // lines over the titles
	columns []column
	letters []string // of the columns
	maxRows int      // of one part

	parts []sheetPart // the last one is being written
	rows  *spill      // of that
	row   int         // that was written last
	cells []cell      // of that
	sums  []columnSum
	below map[int]any // further cells of the row of the sums
	err   error
}

// sheetPart is one sheet of those that a long one is split into.
type sheetPart struct {
	name string
	part string // of the workbook
	rows int    // up to and with the last one that is added up
}

// columnSum adds a column of amounts up.
type columnSum struct {
	fen    schema.Fen
	beyond bool // an amount, or the sum, is text
}

// sheet begins a sheet, with lines over the titles if there are any.
func (b *workbook) sheet(name string, columns []column, above ...string) *sheet {
	s := &sheet{book: b, name: name, above: above, columns: columns, maxRows: b.maxRows, sums: make([]columnSum, len(columns))}
	for i := range columns {
		s.letters = append(s.letters, letter(i))
	}
	b.sheets = append(b.sheets, s)
	s.begin()
	return s
}

// begin begins a part of the sheet.
func (s *sheet) begin() {
	part := sheetPart{name: sheetName(s.name, len(s.parts))}
	if part.part, s.err = s.book.newSheet(part.name); s.err != nil {
		return
	}
	s.fail(s.repeatTitles(part.name))
	s.parts, s.rows, s.row = append(s.parts, part), new(spill), 0
	for i, line := range s.above {
		style := s.book.line
		if i == 0 {
			style = s.book.title
		}
		s.write([]cell{{kind: textCell, style: style, text: line}})
	}
	titles := make([]cell, len(s.columns))
	for i, c := range s.columns {
		titles[i] = cell{kind: textCell, style: s.book.heading, text: c.title}
	}
	s.write(titles)
}

// head returns the row of the titles.
func (s *sheet) head() int { return len(s.above) + 1 }

func (s *sheet) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// add adds a row. A cell is a string, an integer, an Amount, a schema.Fen, a cell, or nil.
func (s *sheet) add(values ...any) error {
	s.cells = s.cells[:0]
	for _, value := range values {
		s.cells = append(s.cells, cellOf(value))
	}
	return s.addCells(s.cells)
}

// addCells adds a row, and its amounts to the sums of their columns.
func (s *sheet) addCells(row []cell) error {
	if s.row == s.maxRows-1 { // the last one is for the sums
		s.endPart()
		s.begin()
	}
	for i := range row {
		if row[i].kind == amountCell {
			s.sums[i].add(schema.Fen(row[i].number))
		}
	}
	s.write(row)
	s.parts[len(s.parts)-1].rows = s.row
	return s.err
}

func (sum *columnSum) add(fen schema.Fen) {
	total, err := sum.fen.Add(fen)
	sum.fen, sum.beyond = total, sum.beyond || err != nil || beyond(fen) || beyond(total)
}

// write writes a row that is not added up.
func (s *sheet) write(row []cell) {
	if s.err != nil {
		return
	}
	s.row++
	s.rows.buffer = s.appendRow(s.rows.buffer, row)
	s.fail(s.rows.shrink())
}

// endPart ends a part of the sheet, which goes into the workbook's spool.
func (s *sheet) endPart() {
	if s.err != nil {
		return
	}
	last := s.parts[len(s.parts)-1]
	filter := ""
	if last.rows > s.head() {
		filter = fmt.Sprintf("A%d:%s%d", s.head(), letter(len(s.columns)-1), last.rows)
		s.fail(s.book.file.AutoFilter(last.name, filter, nil)) // the name of the cells
	}
	before, after, err := s.frame(filter)
	s.fail(err)
	if s.err == nil {
		s.book.keep(last.part, before, s.rows, after)
		s.rows = nil
	}
}

// end ends the sheet with the sums of all rows.
func (s *sheet) end() error {
	row, summed := make([]cell, len(s.columns)), false
	for i, c := range s.columns {
		if !c.sum {
			continue
		}
		summed = true
		if s.sums[i].beyond {
			row[i] = cellOf(beyondPrecision)
			continue
		}
		row[i] = s.book.formula(s.sumOf(i), s.sums[i].fen)
	}
	for i, value := range s.below {
		row[i] = cellOf(value)
	}
	if row[0].kind == emptyCell {
		row[0] = cell{kind: textCell, style: s.book.heading, text: "合计"}
	}
	if summed && s.rowCount() > 0 {
		s.write(row)
	}
	s.endPart()
	return s.err
}

// rowCount counts the rows without titles.
func (s *sheet) rowCount() (n int) {
	for _, p := range s.parts {
		n += max(0, p.rows-s.head())
	}
	return n
}

// sumOf returns the formula that adds up a column over all parts.
func (s *sheet) sumOf(i int) string {
	ranges := s.ranges(i)
	ranges[len(ranges)-1] = ranges[len(ranges)-1][strings.LastIndexByte(ranges[len(ranges)-1], '!')+1:] // of the same sheet
	return "ROUND(SUM(" + strings.Join(ranges, ",") + "),2)"
}

// ranges returns the cells of a column, by part, without titles and sums.
func (s *sheet) ranges(i int) (ranges []string) {
	for _, p := range s.parts {
		ranges = append(ranges, fmt.Sprintf("'%s'!%s%d:%[2]s%[4]d", strings.ReplaceAll(p.name, "'", "''"), letter(i), s.head()+1, max(s.head()+1, p.rows)))
	}
	return ranges
}

// letter returns the letter of a column, counted from 0.
func letter(i int) string {
	name, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		panic(err)
	}
	return name
}

// beyondPrecision stands for a sum of which an amount is text.
const beyondPrecision = "超出表格精度"

// maxExact is the largest amount that a spreadsheet holds exactly: 15 digits.
const maxExact = 999_999_999_999_999

func beyond(fen schema.Fen) bool { return fen > maxExact || fen < -maxExact }

// formula returns a formula beside the value that it has.
func (b *workbook) formula(text string, fen schema.Fen) cell {
	return cell{kind: decimalCell, style: b.sum, formula: text, number: int64(fen)}
}

// counting returns a formula of a number without decimals beside the value that it has.
func (b *workbook) counting(text string, n int64) cell {
	return cell{kind: countCell, formula: text, number: n}
}

const (
	maxSheetName = 31     // UTF-16 units
	maxCell      = 32_000 // likewise; a cell holds 32767
)

var sheetSigns = strings.NewReplacer("[", "（", "]", "）", ":", "：", "*", "＊", "?", "？", "/", "／", "\\", "＼", "'", "’")

// sheetName returns the name of a part of a sheet.
func sheetName(name string, part int) string {
	suffix := ""
	if part > 0 {
		suffix = fmt.Sprintf("（%d）", part+1)
	}
	return shorten(sheetSigns.Replace(fitting(name)), maxSheetName-len(utf16.Encode([]rune(suffix)))) + suffix
}

// fitting returns a text as it fits into a cell, without characters that XML does not have.
func fitting(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return shorten(text, maxCell)
}

// shorten cuts a text to so many UTF-16 units, and shows it.
func shorten(text string, most int) string {
	if len(text) <= most || len(utf16.Encode([]rune(text))) <= most {
		return text
	}
	units := 1
	for i, r := range text {
		if units += utf16.RuneLen(r); units > most {
			return text[:i] + "…"
		}
	}
	return text
}
