package report

import (
	"context"
	"iter"

	"github.com/xuri/excelize/v2"
	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// Bills yields the published bills of the report's accounts with their days, day by day. The
// bill may be filled anew for the next one.
type Bills func(ctx context.Context) iter.Seq2[DayBill, error]

// DayBill is a bill of a day.
type DayBill struct {
	Day  schema.Day
	Bill *schema.Bill
}

// workbook is a file of sheets that are written row by row.
type workbook struct {
	file    *excelize.File
	frames  *excelize.File
	spool   *spool
	keeping errgroup.Group // of one sheet at a time
	kept    []string       // parts of the sheets
	maxRows int            // of a sheet
	sheets  []*sheet

	statementOf map[schema.AccountID]*sheet
	heading     int // styles
	text        int
	title       int
	line        int
	amount      int
	count       int
	sum         int
	alert       int
}

// amountFormat is the number format of amounts: two decimals, a sign, and a gap before the next column.
const amountFormat = "#,##0.00_ ;-#,##0.00_ "

// fontFamily is that of cells without a font of their own.
const fontFamily = "Calibri"

func newWorkbook(maxRows int) (*workbook, error) {
	spool, err := newSpool()
	if err != nil {
		return nil, err
	}
	b := &workbook{file: excelize.NewFile(), frames: newFrames(), spool: spool, maxRows: maxRows, statementOf: make(map[schema.AccountID]*sheet)}
	b.keeping.SetLimit(1)
	return b, b.addStyles()
}

func (b *workbook) addStyles() error {
	format, bold := amountFormat, &excelize.Font{Bold: true, Size: 11, Family: fontFamily}
	styles := []struct {
		into  *int
		style excelize.Style
	}{
		{&b.heading, excelize.Style{Font: bold, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6F0"}}, NumFmt: 49, Alignment: &excelize.Alignment{Horizontal: "center"}}},
		{&b.text, excelize.Style{NumFmt: 49}}, // 49 is text: editing the cell does not make it a number or a formula
		{&b.title, excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true, Size: 14, Family: fontFamily}}},
		{&b.line, excelize.Style{NumFmt: 49, Font: &excelize.Font{Color: "555555", Size: 11, Family: fontFamily}}},
		{&b.amount, excelize.Style{CustomNumFmt: &format}},
		{&b.count, excelize.Style{NumFmt: 3}},
		{&b.alert, excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true, Color: "A0252B", Size: 11, Family: fontFamily}}},
		{&b.sum, excelize.Style{Font: bold, CustomNumFmt: &format}},
	}
	for _, s := range styles {
		id, err := b.file.NewStyle(&s.style)
		if err != nil {
			return err
		}
		*s.into = id
	}
	return nil
}
