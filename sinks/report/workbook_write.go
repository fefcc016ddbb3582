package report

import (
	"cmp"
	"context"
	"io"

	"github.com/xuri/excelize/v2"
)

// WriteWorkbook writes the report as a workbook (XLSX), in Chinese: a sheet for each part of the
// report, with the lists in full; for each account a letter to its merchant (对账函), which has
// nothing of other accounts; and a statement (对账单) of the bills of each that has any. Lists
// that are not those which the report counts are ErrChanged.
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
	defer func() { err = cmp.Or(err, b.close()) }()
	summary := b.sheet("汇总", summarySheet) // comes first, and adds up what the others have
	for _, write := range []func(*Report) error{b.daily, b.bridges} {
		if err := write(r); err != nil {
			return err
		}
	}
	if r.Withdrawals != nil {
		for _, write := range []func(*Report) error{b.balances, b.withdrawals} {
			if err := write(r); err != nil {
				return err
			}
		}
	}
	for _, sheet := range orderSheets {
		if err := b.orders(r, sheet); err != nil {
			return err
		}
	}
	for _, write := range []func(*Report) error{b.rates, b.doubts} {
		if err := write(r); err != nil {
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
	if err := b.letters(r); err != nil {
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
