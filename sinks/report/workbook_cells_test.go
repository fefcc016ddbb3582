package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// TestSheetsSayTheirCells: each sheet says which cells it has, also the parts of one that is
// split: readers that do not go through all rows take its word for it.
func TestSheetsSayTheirCells(t *testing.T) {
	t.Parallel()
	for _, maxRows := range []int{5, excelize.TotalRows} {
		f, _ := workbookOf(t, fixture(), ledger, maxRows)
		for _, sheet := range f.GetSheetList() {
			said, err := f.GetSheetDimension(sheet)
			if err != nil {
				t.Fatal(err)
			}
			rows := rowsOf(t, f, sheet)
			widest := 1
			for _, row := range rows {
				widest = max(widest, len(row))
			}
			first, last, _ := strings.Cut(said, ":")
			column, row, err := excelize.CellNameToCoordinates(last)
			if first != "A1" || err != nil || row != len(rows) || column < widest {
				t.Errorf("%s of %d rows at most says %q and has %d rows, the widest of %d cells", sheet, maxRows, said, len(rows), widest)
			}
		}
	}
}

// TestRowsAsTheLibrary: the XML of rows is that of the library, to the byte.
func TestRowsAsTheLibrary(t *testing.T) {
	t.Parallel()
	b, err := newWorkbook(excelize.TotalRows)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	texts := []string{
		"7420462554919986270", "2026-06-01 13:06:42", "a b", " a", "a ", "\ta", "a\nb", "a\n", " ", "工作日午餐", "（含）", "𠮷", `<b>&"'`, "=1+1", "_x0041_", "a_x005F_x0041_", "_x004", "_xyz", "a_b",
		"\r", "\x00", "\x7f", "\xff\xfe", "\ufffe", "\uffff", "\ufffd", "\u00e9", "\u0085", strings.Repeat("长", maxCell), strings.Repeat("𠮷", maxCell), strings.Repeat("a", maxCell+1),
	}
	random, signs := rand.New(rand.NewPCG(3, 4)), []rune(" \t\n\r&<>\"'_x0aé长（\uFFFD\uFFFEbcd123")
	for range 3_000 {
		text := make([]rune, 1+random.IntN(12))
		for i := range text {
			text[i] = signs[random.IntN(len(signs))]
		}
		texts = append(texts, string(text))
	}
	rows := [][]cell{{}, {{}, {}}, {{}, cellOf("b"), {}, cellOf(schema.Fen(0))}}
	for _, text := range texts {
		rows = append(rows, []cell{cellOf(text), {kind: textCell, style: b.alert, text: text}, {kind: countCell, formula: "COUNTIFS('" + text + "'!A2:A3,\"<b>\")", number: 3}})
	}
	for range 3_000 {
		n := random.Int64N(2*maxExact) - maxExact
		n >>= random.IntN(50)
		rows = append(rows, []cell{cellOf(schema.Fen(n)), {kind: decimalCell, number: n}, cellOf(n), b.formula("SUM(A1:A2)", schema.Fen(n)), b.counting("SUM(A1)", n)})
	}
	file := excelize.NewFile()
	defer file.Close()
	stream, err := file.NewStreamWriter(firstSheet)
	if err != nil {
		t.Fatal(err)
	}
	s := b.sheet("x", make([]column, 8))
	s.row = 0
	var got bytes.Buffer
	for _, row := range rows {
		s.row++
		got.Write(s.appendRow(nil, row))
		if err := stream.SetRow(fmt.Sprintf("A%d", s.row), b.libraryCells(row)); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Flush(); err != nil {
		t.Fatal(err)
	}
	var part bytes.Buffer
	if err := writeParts(file, func(name string) (io.Writer, error) {
		if name == "xl/worksheets/sheet1.xml" {
			return &part, nil
		}
		return io.Discard, nil
	}); err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(part.String(), "<sheetData>")
	want, _, _ := strings.Cut(after, "</sheetData>")
	wants := strings.SplitAfter(want, "</row>")
	for i, line := range strings.SplitAfter(got.String(), "</row>") {
		if line != wants[i] {
			t.Fatalf("got\n%.400q, want\n%.400q", line, wants[i])
		}
	}
}

// libraryCells returns a row as the library takes it.
func (b *workbook) libraryCells(row []cell) (cells []any) {
	for _, c := range row {
		styles := map[cellKind]int{textCell: b.text, amountCell: b.amount, decimalCell: b.amount, countCell: b.count}
		value := excelize.Cell{StyleID: cmp.Or(c.style, styles[c.kind]), Formula: c.formula, Value: c.number}
		switch c.kind {
		case emptyCell:
			cells = append(cells, nil)
			continue
		case textCell:
			value.Value = fitting(c.text)
		case amountCell, decimalCell:
			value.Value = float64(c.number) / 100
		}
		cells = append(cells, value)
	}
	return cells
}

// TestCodesInText: text that looks like the code of a character is text when it is read back.
func TestCodesInText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"_x0041_": "_x005F_x0041_", "_x005F_x0041_": "_x005F_x005F_x005F_x0041_", "_x0041_x0042_": "_x005F_x0041_x005F_x0042_", "_x0041_x004": "_x005F_x0041_x004", "_x_x0041_": "_x_x005F_x0041_", "_xD800_": "_x005F_xD800_",
	} {
		if got := quoteCodes(text); got != want {
			t.Errorf("%s is written as %s, want %s", text, got, want)
		}
	}
}

// TestTitlesOnEachPage: each sheet has its own titles printed on each page.
func TestTitlesOnEachPage(t *testing.T) {
	t.Parallel()
	f, _ := workbookOf(t, fixture(), ledger, 5)
	titles := make(map[string]string)
	for _, name := range f.GetDefinedName() {
		if name.Name == "_xlnm.Print_Titles" {
			titles[name.Scope] = name.RefersTo
		}
	}
	for _, sheet := range f.GetSheetList() {
		head := 1
		if strings.HasPrefix(sheet, "对账函") {
			head = slices.IndexFunc(rowsOf(t, f, sheet), func(row []string) bool { return len(row) > 1 }) + 1
		}
		own, want := "'"+strings.ReplaceAll(sheet, "'", "''")+"'!", fmt.Sprintf("$%d:$%[1]d", head)
		if got := titles[sheet]; got != own+want && got != own+"$A:$A,"+own+want {
			t.Errorf("%s: the titles are %s, want %s%s", sheet, got, own, want)
		}
	}
}
