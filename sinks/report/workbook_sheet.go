package report

import (
	"errors"
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
	maxRows int // of one part

	parts  []sheetPart // the last one is being written
	file   *excelize.File
	stream *excelize.StreamWriter
	row    int // that was written last
	sums   []columnSum
	below  map[int]any // further cells of the row of the sums
	err    error
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
	b.sheets = append(b.sheets, s)
	s.begin()
	return s
}

// begin begins a part of the sheet: its titles stay in sight, and filter the rows.
func (s *sheet) begin() {
	name := sheetName(s.name, len(s.parts))
	var part string
	if s.file, part, s.err = s.book.newSheet(name); s.err != nil {
		return
	}
	if s.err = s.setPage(name); s.err != nil {
		return
	}
	if s.err = s.file.SetSheetDimension(ownSheet, anyCells); s.err != nil {
		return
	}
	if s.stream, s.err = s.file.NewStreamWriter(ownSheet); s.err != nil {
		return
	}
	s.parts, s.row = append(s.parts, sheetPart{name: name, part: part}), 0
	titles := make([]any, len(s.columns))
	for i, c := range s.columns {
		s.fail(s.stream.SetColWidth(i+1, i+1, float64(c.width)))
		titles[i] = excelize.Cell{StyleID: s.book.heading, Value: c.title}
	}
	s.fail(s.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: s.head(), TopLeftCell: fmt.Sprintf("A%d", s.head()+1), ActivePane: "bottomLeft"}))
	for i, line := range s.above {
		cell := excelize.Cell{StyleID: s.book.line, Value: fitting(line)}
		if i == 0 {
			cell.StyleID = s.book.title
		}
		s.write([]any{cell})
	}
	s.write(titles)
}

// pageWidth is how many letters of a sheet go on a page of its width.
const pageWidth = 200

// setPage has a sheet printed on landscape A4, with its titles on each page: a wide sheet on several pages beside
// each other, which begin with its first column.
func (s *sheet) setPage(name string) error {
	width := 0
	for _, c := range s.columns {
		width += c.width
	}
	a4, landscape, pages, high, fit := 9, "landscape", (width+pageWidth-1)/pageWidth, 0, true
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'"
	titles := fmt.Sprintf("%s!$%d:$%[2]d", quoted, s.head())
	if pages > 1 {
		titles = quoted + "!$A:$A," + titles
	}
	return errors.Join(
		s.file.SetSheetProps(ownSheet, &excelize.SheetPropsOptions{FitToPage: &fit}),
		s.file.SetPageLayout(ownSheet, &excelize.PageLayoutOptions{Size: &a4, Orientation: &landscape, FitToWidth: &pages, FitToHeight: &high}),
		s.file.SetHeaderFooter(ownSheet, &excelize.HeaderFooterOptions{OddFooter: "&L&A&R&P / &N"}),
		s.book.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: titles, Scope: name}),
	)
}

// head returns the row of the titles.
func (s *sheet) head() int { return len(s.above) + 1 }

func (s *sheet) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// add adds a row. A cell is a string, an integer, an Amount, a schema.Fen, a formula, or nil.
func (s *sheet) add(cells ...any) error {
	if s.row == s.maxRows-1 { // the last one is for the sums
		s.endPart()
		s.begin()
	}
	row := make([]any, len(cells))
	for i, value := range cells {
		row[i] = s.cell(i, value)
	}
	s.write(row)
	s.parts[len(s.parts)-1].rows = s.row
	return s.err
}

func (s *sheet) write(row []any) {
	if s.err != nil {
		return
	}
	s.row++
	s.fail(s.stream.SetRow(fmt.Sprintf("A%d", s.row), row))
}

// cell returns a cell, and adds an amount to the sum of its column.
func (s *sheet) cell(i int, value any) any {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil
		}
		return excelize.Cell{StyleID: s.book.text, Value: fitting(v)}
	case Amount:
		if !v.Valid {
			return nil
		}
		return s.cell(i, v.V)
	case schema.Fen:
		sum := &s.sums[i]
		total, err := sum.fen.Add(v)
		sum.fen, sum.beyond = total, sum.beyond || err != nil || beyond(v) || beyond(total)
		return s.book.yuan(v, s.book.amount)
	case excelize.Cell:
		return v
	case nil:
		return nil
	default:
		return excelize.Cell{StyleID: s.book.count, Value: v}
	}
}

// endPart ends a sheet with the sum of its rows.
func (s *sheet) endPart() {
	if s.err != nil {
		return
	}
	last := s.parts[len(s.parts)-1]
	if last.rows > s.head() {
		cells := fmt.Sprintf("A%d:%s%d", s.head(), letter(len(s.columns)-1), last.rows)
		s.fail(s.book.file.AutoFilter(last.name, cells, nil)) // the name of the cells
		s.fail(s.file.AutoFilter(ownSheet, cells, nil))
	}
	s.fail(s.stream.Flush())
	s.fail(s.book.keep(s.file, last.part, fmt.Sprintf("A1:%s%d", letter(max(len(s.columns), 1)-1), s.row)))
	s.file, s.stream = nil, nil // with up to 16 MiB
}

// end ends the sheet with the sums of all rows.
func (s *sheet) end() error {
	row, summed := make([]any, len(s.columns)), false
	for i, c := range s.columns {
		if !c.sum {
			continue
		}
		summed = true
		if s.sums[i].beyond {
			row[i] = excelize.Cell{StyleID: s.book.text, Value: beyondPrecision}
			continue
		}
		row[i] = s.book.formula(s.sumOf(i), s.sums[i].fen)
	}
	for i, cell := range s.below {
		row[i] = cell
	}
	if row[0] == nil {
		row[0] = excelize.Cell{StyleID: s.book.heading, Value: "合计"}
	}
	if summed && s.rows() > 0 {
		s.write(row)
	}
	s.endPart()
	return s.err
}

// rows counts the rows without titles.
func (s *sheet) rows() (n int) {
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

// yuan returns an amount as a number of yuan, or as text where a spreadsheet would round it.
func (b *workbook) yuan(fen schema.Fen, style int) excelize.Cell {
	if beyond(fen) {
		return excelize.Cell{StyleID: b.text, Value: fen.Yuan()}
	}
	return excelize.Cell{StyleID: style, Value: number(fen)}
}

// formula returns a formula beside the value that it has.
func (b *workbook) formula(text string, fen schema.Fen) excelize.Cell {
	return excelize.Cell{StyleID: b.sum, Formula: text, Value: number(fen)}
}

// counting returns a formula of a number without decimals beside the value that it has.
func (b *workbook) counting(text string, n int64) excelize.Cell {
	return excelize.Cell{StyleID: b.count, Formula: text, Value: n}
}

// number is the only way to a number that excelize has. The quotient is the nearest number of
// its kind, and of up to 15 digits the library writes back the same digits.
func number(fen schema.Fen) any { return hundredths(int64(fen)) }

// hundredths returns a number of hundredths, which are fen or basis points.
func hundredths(n int64) any { return float64(n) / 100 }

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
