package report

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"billwalk/schema"
)

// statements writes a statement of each account, and its refunds to the sheet of all. The
// bills are read once for all accounts.
func (b *workbook) statements(ctx context.Context, r *Report, bills Bills, refunds *sheet) error {
	rows, err := newRowsOfAccounts(r.storeNames())
	if err != nil {
		return err
	}
	defer rows.file.Close()
	for bill, err := range bills(ctx) {
		if err == nil {
			err = rows.add(bill)
		}
		if err != nil {
			return err
		}
	}
	if err := rows.out.Flush(); err != nil {
		return err
	}
	for i, account := range r.Accounts {
		if account.ID == schema.NoAccount {
			continue
		}
		if rows.count[account.ID] != account.Sums.Bills {
			return fmt.Errorf("account %s has %d bills, and the report %d: %w", account.ID, rows.count[account.ID], account.Sums.Bills, ErrChanged)
		}
		if account.Sums.Bills == 0 {
			continue
		}
		s := b.sheet(strings.TrimSpace(fmt.Sprintf("对账单%d %s", i+1, account.Name)), statementSheet)
		b.statementOf[account.ID] = s
		for row, err := range rows.of(account.ID) {
			if err == nil {
				err = errors.Join(s.add(row.cells...), ctx.Err())
			}
			if err == nil && row.refund {
				err = refunds.add(row.cells...)
			}
			if err != nil {
				return err
			}
		}
		if err := s.end(); err != nil {
			return err
		}
	}
	return nil
}

// rowsOfAccounts keeps rows of statements in a file without a name, those of an account that
// come one after the other together.
type rowsOfAccounts struct {
	stores map[string]string // names by id
	file   *os.File
	out    *bufio.Writer
	size   int64
	last   schema.AccountID
	runs   map[schema.AccountID][]rowRun
	count  map[schema.AccountID]int64
	row    []byte
}

// rowRun is where some rows of an account are.
type rowRun struct{ from, to int64 }

// keptRow is one row. Its cells are strings and Amounts.
type keptRow struct {
	cells  []any
	refund bool
}

func newRowsOfAccounts(stores map[string]string) (*rowsOfAccounts, error) {
	file, err := unnamed()
	if err != nil {
		return nil, err
	}
	return &rowsOfAccounts{stores: stores, file: file, out: bufio.NewWriterSize(file, 1<<18), runs: make(map[schema.AccountID][]rowRun), count: make(map[schema.AccountID]int64)}, nil
}

func (k *rowsOfAccounts) add(bill DayBill) error {
	cells, err := statementRow(bill, k.stores)
	if err != nil {
		return err
	}
	k.row = appendRow(k.row[:0], keptRow{cells, bill.Bill.SettleType == refund})
	account := bill.Bill.WalkAccountID
	if len(k.runs[account]) == 0 || account != k.last {
		k.last = schema.AccountID(strings.Clone(string(account)))
		k.runs[k.last] = append(k.runs[k.last], rowRun{k.size, k.size})
	}
	k.size += int64(len(k.row))
	k.count[k.last]++
	runs := k.runs[k.last]
	runs[len(runs)-1].to = k.size
	_, err = k.out.Write(k.row)
	return err
}

// of yields the rows of an account in the order in which they were added.
func (k *rowsOfAccounts) of(account schema.AccountID) iter.Seq2[keptRow, error] {
	return func(yield func(keptRow, error) bool) {
		in := bufio.NewReaderSize(nil, 1<<16)
		for _, run := range k.runs[account] {
			in.Reset(io.NewSectionReader(k.file, run.from, run.to-run.from))
			for {
				row, err := readRow(in)
				if errors.Is(err, io.EOF) {
					break
				}
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// The kinds of cells in a kept row.
const (
	textCell byte = iota
	amountCell
	unknownCell // an amount that is not known
)

// appendRow appends a row: whether it is a refund, the number of its cells, and the cells.
func appendRow(to []byte, row keptRow) []byte {
	to = append(to, 0, byte(len(row.cells)))
	if row.refund {
		to[len(to)-2] = 1
	}
	for _, cell := range row.cells {
		switch v := cell.(type) {
		case string:
			to = append(binary.AppendUvarint(append(to, textCell), uint64(len(v))), v...)
		case Amount:
			if !v.Valid {
				to = append(to, unknownCell)
				continue
			}
			to = binary.AppendVarint(append(to, amountCell), int64(v.V))
		default:
			panic(fmt.Sprintf("report: a statement has a cell of type %T", cell))
		}
	}
	return to
}

// readRow reads a row. The error is io.EOF where there is none.
func readRow(in *bufio.Reader) (keptRow, error) {
	isRefund, err := in.ReadByte()
	if err != nil {
		return keptRow{}, err
	}
	n, err := in.ReadByte()
	row := keptRow{cells: make([]any, n), refund: isRefund == 1}
	for i := range row.cells {
		if err == nil {
			row.cells[i], err = readCell(in)
		}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return row, err
}

func readCell(in *bufio.Reader) (any, error) {
	kind, err := in.ReadByte()
	if err != nil {
		return nil, err
	}
	switch kind {
	case amountCell:
		fen, err := binary.ReadVarint(in)
		return Amount(schema.Some(schema.Fen(fen))), err
	case unknownCell:
		return Amount{}, nil
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	text := make([]byte, size)
	_, err = io.ReadFull(in, text)
	return string(text), err
}
