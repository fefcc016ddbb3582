package report

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// mixed yields bills of accounts in turn, as no file of this version has them.
func mixed(rounds int, accounts ...schema.AccountID) Bills {
	return func(context.Context) iter.Seq2[DayBill, error] {
		return func(yield func(DayBill, error) bool) {
			var b schema.Bill
			for round := range rounds {
				for _, account := range accounts {
					b = schema.Bill{WalkAccountID: account, LedgerID: strings.Repeat("1", round+1), SettleType: 1 + int32(round%2)}
					b.Amounts[schema.LedgerTotal] = schema.Some(schema.Fen(round * 100))
					if !yield(DayBill{schema.Day(20782 + round), &b}, nil) {
						return
					}
				}
			}
		}
	}
}

// TestStatementsInAnyOrder: each account gets its own bills, in the order of the days, however
// a file mixes accounts; the others' bills that a file has as well are nowhere.
func TestStatementsInAnyOrder(t *testing.T) {
	t.Parallel()
	r := fixture()
	r.Accounts[0].Sums.Bills, r.Accounts[1].Sums.Bills = 4, 4
	f, _ := workbookOf(t, r, mixed(4, r.Accounts[0].ID, "9", r.Accounts[1].ID), excelize.TotalRows)
	for i, account := range r.Accounts[:2] {
		sheet := sheetName([]string{"对账单1 ", "对账单2 "}[i]+account.Name, 0)
		var got []string
		for _, row := range rowsOf(t, f, sheet)[1:] {
			got = append(got, row[0]+" "+at(row, 1)+" "+at(row, 2))
		}
		want := []string{"2026-11-25 1", "2026-11-26 11", "2026-11-27 111", "2026-11-28 1111"}
		for i := range want {
			want[i] = strings.Replace(want[i], " ", " "+string(account.ID)+" ", 1)
		}
		if want = append(want, "合计  "); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", sheet, got, want)
		}
	}
	if refunds := rowsOf(t, f, "退款"); len(refunds) != 6 {
		t.Errorf("refunds %q", refunds)
	}
}

// TestStatementsChanged: bills that are not as many as the report counts are no statement.
func TestStatementsChanged(t *testing.T) {
	t.Parallel()
	r := fixture()
	if err := WriteWorkbook(t.Context(), io.Discard, r, mixed(5, r.Accounts[0].ID), lists(r)); !errors.Is(err, ErrChanged) {
		t.Errorf("one bill is missing: %v", err)
	}
	if err := WriteWorkbook(t.Context(), io.Discard, r, mixed(6, r.Accounts[0].ID, r.Accounts[1].ID), lists(r)); !errors.Is(err, ErrChanged) {
		t.Errorf("an account has bills that the report has not: %v", err)
	}
}

// TestKeptRow: a row reads back as it was, and a part of it is an error.
func TestKeptRow(t *testing.T) {
	t.Parallel()
	row := keptRow{refund: true}
	for _, value := range []any{"", "单", Amount{}, schema.Fen(0), schema.Fen(1<<63 - 1), schema.Fen(-1 << 63), strings.Repeat("长", 50_000)} {
		row.cells = append(row.cells, cellOf(value))
	}
	data := appendKept(nil, row)
	read := func(data []byte) (keptRow, error) {
		in := keptReader{in: bufio.NewReader(bytes.NewReader(data))}
		return in.next()
	}
	got, err := read(data)
	if diff := cmp.Diff(row, got, cmp.AllowUnexported(keptRow{}, cell{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for size := range 30 {
		if _, err := read(data[:size]); (size == 0) != errors.Is(err, io.EOF) || err == nil {
			t.Errorf("%d bytes of a row: %v", size, err)
		}
	}
}
