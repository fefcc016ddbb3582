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
	"slices"
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
				err = errors.Join(s.addCells(row.cells), ctx.Err())
			}
			if err == nil && row.refund {
				err = refunds.addCells(row.cells)
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
	cells  []cell // of the row that is added
	row    []byte
}

// rowRun is where some rows of an account are.
type rowRun struct{ from, to int64 }

// keptRow is one row. Its cells are texts and amounts, or empty.
type keptRow struct {
	cells  []cell
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
	var err error
	if k.cells, err = appendStatementRow(k.cells[:0], bill, k.stores); err != nil {
		return err
	}
	k.row = appendKept(k.row[:0], keptRow{k.cells, bill.Bill.SettleType == refund})
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

// of yields the rows of an account in the order in which they were added. Each is good until the next.
func (k *rowsOfAccounts) of(account schema.AccountID) iter.Seq2[keptRow, error] {
	return func(yield func(keptRow, error) bool) {
		in := keptReader{in: bufio.NewReaderSize(nil, 1<<16)}
		for _, run := range k.runs[account] {
			in.in.Reset(io.NewSectionReader(k.file, run.from, run.to-run.from))
			for {
				row, err := in.next()
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

// sizeBytes is how many bytes tell the size of a kept row.
const sizeBytes = 4

// appendKept appends a row: its size, whether it is a refund, and for each cell its kind and what it shows.
func appendKept(to []byte, row keptRow) []byte {
	start := len(to)
	to = append(to, make([]byte, sizeBytes)...)
	if row.refund {
		to = append(to, 1)
	} else {
		to = append(to, 0)
	}
	for i := range row.cells {
		c := &row.cells[i]
		to = append(to, byte(c.kind))
		switch c.kind {
		case textCell:
			to = append(binary.AppendUvarint(to, uint64(len(c.text))), c.text...)
		case amountCell:
			to = binary.AppendVarint(to, c.number)
		}
	}
	binary.LittleEndian.PutUint32(to[start:], uint32(len(to)-start-sizeBytes))
	return to
}

// keptReader reads rows.
type keptReader struct {
	in    *bufio.Reader
	row   []byte
	cells []cell
}

// next returns the next row, which is good until the one after it. The error is io.EOF where there is none.
func (r *keptReader) next() (keptRow, error) {
	var header [sizeBytes]byte
	if _, err := io.ReadFull(r.in, header[:]); err != nil {
		return keptRow{}, err
	}
	size := int(binary.LittleEndian.Uint32(header[:]))
	r.row = slices.Grow(r.row[:0], size)[:size]
	if _, err := io.ReadFull(r.in, r.row); errors.Is(err, io.EOF) {
		return keptRow{}, io.ErrUnexpectedEOF
	} else if err != nil {
		return keptRow{}, err
	}
	text := string(r.row) // of which the texts are parts
	r.cells = r.cells[:0]
	for at := 1; at < len(text); {
		c := cell{kind: cellKind(text[at])}
		at++
		switch c.kind {
		case textCell:
			length, n := binary.Uvarint(r.row[at:])
			c.text = text[at+n:][:length]
			at += n + int(length)
		case amountCell:
			number, n := binary.Varint(r.row[at:])
			c.number = number
			at += n
		}
		r.cells = append(r.cells, c)
	}
	return keptRow{r.cells, r.row[0] == 1}, nil
}
