package report

import (
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// Bills yields the published bills of an account of the report with their days, day by day.
// The bill may be filled anew for the next one.
type Bills func(ctx context.Context, account schema.AccountID) iter.Seq2[DayBill, error]

// DayBill is a bill of a day.
type DayBill struct {
	Day  schema.Day
	Bill *schema.Bill
}

// WriteWorkbook writes the report as a workbook (XLSX), in Chinese: a sheet for each part of the
// report, with the lists in full, and a statement (对账单) of the bills of each account that has
// any. Lists that are not those which the report counts are ErrChanged.
//
// Ids are text. Amounts are numbers of yuan with two decimals, exact up to 9,999,999,999,999.99:
// a spreadsheet keeps 15 digits, and a larger amount is text. Sums are formulas, beside the
// value that they have. Text never becomes a formula. A sheet with more rows than a spreadsheet
// holds is continued on another one. Equal reports and bills give equal bytes. Rows go to
// temporary files: the memory does not grow with their number.
func WriteWorkbook(ctx context.Context, w io.Writer, r *Report, bills Bills, lists Lists) error {
	return writeWorkbook(ctx, w, r, bills, lists, excelize.TotalRows)
}

func writeWorkbook(ctx context.Context, w io.Writer, r *Report, bills Bills, lists Lists, maxRows int) (err error) {
	b, err := newWorkbook(maxRows)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, b.file.Close()) }()
	summary := b.sheet("汇总", summarySheet) // comes first, and adds up what the others have
	for _, write := range []func(*Report) error{b.daily, b.bridges} {
		if err := write(r); err != nil {
			return err
		}
	}
	for _, sheet := range orderSheets {
		if err := b.orders(r, sheet); err != nil {
			return err
		}
	}
	refunds := b.sheet("退款", statementSheet)
	if err := b.restatements(r, lists.Restatements); err != nil {
		return err
	}
	if err := b.exceptions(r, lists.Exceptions); err != nil {
		return err
	}
	if err := b.terms(r); err != nil {
		return err
	}
	if err := b.statements(ctx, r, bills, refunds); err != nil {
		return err
	}
	if err := refunds.end(); err != nil {
		return err
	}
	if err := b.summary(r, summary); err != nil {
		return err
	}
	return b.write(w)
}

// workbook is a file of sheets that are written row by row.
type workbook struct {
	file    *excelize.File
	maxRows int // of a sheet
	sheets  []*sheet

	statementOf map[schema.AccountID]*sheet
	heading     int // styles
	text        int
	amount      int
	count       int
	sum         int
}

// amountFormat is the number format of amounts: two decimals, and a sign.
const amountFormat = "#,##0.00;-#,##0.00"

func newWorkbook(maxRows int) (*workbook, error) {
	b := &workbook{file: excelize.NewFile(), maxRows: maxRows, statementOf: make(map[schema.AccountID]*sheet)}
	format := amountFormat
	styles := []struct {
		into  *int
		style excelize.Style
	}{
		{&b.heading, excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6F0"}}, NumFmt: 49}},
		{&b.text, excelize.Style{NumFmt: 49}}, // 49 is text: editing the cell does not make it a number or a formula
		{&b.amount, excelize.Style{CustomNumFmt: &format}},
		{&b.count, excelize.Style{NumFmt: 3}},
		{&b.sum, excelize.Style{Font: &excelize.Font{Bold: true}, CustomNumFmt: &format}},
	}
	for _, s := range styles {
		id, err := b.file.NewStyle(&s.style)
		if err != nil {
			return nil, err
		}
		*s.into = id
	}
	return b, nil
}

// write writes the file. Its parts are stored in the order of their names, which the library
// leaves open, and pass a temporary file instead of memory.
func (b *workbook) write(w io.Writer) (err error) {
	if err := b.file.DeleteSheet("Sheet1"); err != nil { // of every new file
		return err
	}
	b.file.SetActiveSheet(0)
	spool, err := os.CreateTemp("", "billwalk-workbook-*")
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, spool.Close()) }()
	if err := os.Remove(spool.Name()); err != nil {
		return err
	}
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(spool) })
	if err := b.file.Write(io.Discard); err != nil {
		return err
	}
	size, err := spool.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	parts, err := zip.NewReader(spool, size)
	if err != nil {
		return err
	}
	slices.SortFunc(parts.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	sorted := zip.NewWriter(w)
	for _, part := range parts.File {
		if err := sorted.Copy(part); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return sorted.Close()
}
