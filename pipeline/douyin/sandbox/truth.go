package sandbox

import (
	"iter"
	"slices"

	"billwalk/schema"
)

// BillRow is one bill as a lake must hold it.
type BillRow struct {
	Account       schema.AccountID // the payee's account_id
	Day           schema.Day
	LedgerID      string
	SettleType    int
	SettleSubType int               // 0 if absent
	Counted       bool              // false for the second bill of a duplicate conflict
	Direction     int               // +1 to the merchant, -1 from it, 0 unknown
	Amounts       map[string]*int64 // by the lake's columns (see [FenColumns]), signed fen; nil is NULL
	GroupName     string            // repaired if it is cut; "" if absent
	Exceptions    []string          // the rules that the row is planted to break
}

// fenColumns are the lake's money columns. fund_amount_fen has the last index, which on
// the wire is that of a key that no table has.
var fenColumns = func() (columns [amountFields]string) {
	for i, name := range amountNames {
		columns[i] = name + "_fen"
	}
	columns[fundAmount] = "fund_amount_fen"
	return columns
}()

const fundAmount = craftsManCommission

// FenColumns returns the lake's money columns, in the table's order.
func FenColumns() []string { return slices.Clone(fenColumns[:]) }

// Truth returns the bills that a lake must hold after a walk of the accounts and the
// days from..to: none of units that are unavailable or lost, exact repeats once, bills
// of two accounts once, and both bills of a duplicate conflict. Under the fault
// day-changing, the day's final bills.
func (p *Platform) Truth(accounts []schema.Account, from, to schema.Day) []BillRow {
	return p.TruthOf(unitsOf(accounts, from, to))
}

// TruthOf is [Platform.Truth] for a list of units.
func (p *Platform) TruthOf(units []schema.Unit) []BillRow {
	var rows []BillRow
	for at := range p.obtained(units) {
		for b := range p.world.distinctBills(at.payee, at.day) {
			rows = append(rows, b.row(at.day))
		}
	}
	return rows
}

// obtained yields, once each, the payees' days that the units include and that can be
// obtained. The slot of the place is 0.
func (p *Platform) obtained(units []schema.Unit) iter.Seq[place] {
	return func(yield func(place) bool) {
		seen := map[place]bool{}
		for _, unit := range units {
			scope, known := p.world.scopeOf(unit.Account)
			_, unavailable := p.Unavailable(unit)
			_, lost := p.Lost(unit)
			if !known || unavailable || lost {
				continue
			}
			for _, payee := range scope.payees {
				at := place{payee: payee, day: unit.Day}
				if seen[at] {
					continue
				}
				seen[at] = true
				if !yield(at) {
					return
				}
			}
		}
	}
}

// distinctBills yields the payee's bills of the day, without exact repeats.
func (w *world) distinctBills(payee *payee, day schema.Day) iter.Seq[*bill] {
	return func(yield func(*bill) bool) {
		for slot := range w.count(payee, day) {
			at := place{payee, day, slot}
			if w.planted(at) == repeated {
				continue
			}
			b := w.bill(at)
			if !yield(&b) {
				return
			}
		}
	}
}

func (b *bill) row(day schema.Day) BillRow {
	row := BillRow{
		Account: schema.AccountID(b.AccountID), Day: day, LedgerID: b.LedgerID,
		SettleType: b.SettleType, SettleSubType: b.SettleSubType, Counted: !b.again,
		GroupName: mendedName(b.GroupName), Direction: b.direction, Amounts: make(map[string]*int64, amountFields), Exceptions: b.exceptions,
	}
	for i, name := range fenColumns {
		row.Amounts[name] = nil
		if fen, ok := b.signed(i); ok {
			row.Amounts[name] = &fen
		}
	}
	return row
}

// signed returns the amount of a column with the bill's sign. ok is false if the amount
// is absent or negative, or the sign is unknown.
func (b *bill) signed(column int) (fen int64, ok bool) {
	if b.direction == 0 {
		return 0, false
	}
	if column == fundAmount {
		if b.FundAmount == nil || *b.FundAmount < 0 {
			return 0, false
		}
		return *b.FundAmount * int64(b.direction), true
	}
	if b.Amount.fen[column] < 0 {
		return 0, false
	}
	return b.Amount.fen[column] * int64(b.direction), !b.Amount.absent[column]
}

// Total is the sums of one payee's day.
type Total struct {
	Account schema.AccountID       `json:"account_id"`
	Day     schema.Day             `json:"bill_date"`
	Rows    int                    `json:"rows"`
	Columns map[string]ColumnTotal `json:"columns"`
	Counted ColumnTotal            `json:"counted"` // of ledger_total_fen, of the rows that count
}

// ColumnTotal is the sum of one money column in signed fen, and its number of NULLs.
type ColumnTotal struct {
	Sum   int64 `json:"sum,string"`
	Nulls int   `json:"nulls"`
}

func (c *ColumnTotal) add(fen int64, ok bool) {
	if ok {
		c.Sum += fen
	} else {
		c.Nulls++
	}
}

// Totals returns the sums of [Platform.Truth] for each payee and day with bills, without
// keeping the rows in memory.
func (p *Platform) Totals(accounts []schema.Account, from, to schema.Day) []Total {
	var totals []Total
	for at := range p.obtained(unitsOf(accounts, from, to)) {
		if total := p.world.total(at.payee, at.day); total.Rows > 0 {
			totals = append(totals, total)
		}
	}
	return totals
}

func (w *world) total(payee *payee, day schema.Day) Total {
	total := Total{Account: payee.id, Day: day, Columns: make(map[string]ColumnTotal, amountFields)}
	var columns [amountFields]ColumnTotal
	for b := range w.distinctBills(payee, day) {
		total.Rows++
		for i := range columns {
			columns[i].add(b.signed(i))
		}
		if !b.again {
			total.Counted.add(b.signed(ledgerTotal))
		}
	}
	for i, name := range fenColumns {
		total.Columns[name] = columns[i]
	}
	return total
}
