package sandbox

import (
	"iter"
	"slices"

	"billwalk/schema"
)

// Row is one bill that a right walk yields, as it must stand in the lake.
type Row struct {
	Account       schema.AccountID // the payee's account_id
	Day           schema.Day
	LedgerID      string
	SettleType    int
	SettleSubType int               // 0 where absent
	Direction     int               // +1 to the merchant, -1 from it, 0 unknown
	Amounts       map[string]*int64 // by the lake's columns (see [FenColumns]), signed fen; nil is NULL
	GroupName     string            // mended where it is cut; "" where absent
	Exceptions    []string          // the rules that the row is planted to raise
}

// fenColumns are the lake's columns of money; fund_amount_fen takes the last
// place, which on the wire is that of a key no table knows.
var fenColumns = func() (columns [amountFields]string) {
	for i, name := range amountNames {
		columns[i] = name + "_fen"
	}
	columns[fundAmount] = "fund_amount_fen"
	return columns
}()

const fundAmount = craftsManCommission

// FenColumns returns the lake's columns of money, in the table's order.
func FenColumns() []string { return slices.Clone(fenColumns[:]) }

// Truth returns what a right walk yields for the accounts and the days, both
// ends included: nothing of units that are unavailable or lost, exact repeats
// once, bills reached through two of the accounts once, both sides of a
// duplicate conflict. Under the fault day-changing it is what the day settles on.
func (p *Platform) Truth(accounts []schema.Account, from, to schema.Day) []Row {
	return p.TruthOf(unitsOf(accounts, from, to))
}

// TruthOf is [Platform.Truth] of single units.
func (p *Platform) TruthOf(units []schema.Unit) []Row {
	var rows []Row
	for at := range p.reached(units) {
		for b := range p.world.settled(at.payee, at.day) {
			rows = append(rows, b.row(at.day))
		}
	}
	return rows
}

// reached yields each payee's day that some of the units obtains, once.
func (p *Platform) reached(units []schema.Unit) iter.Seq[place] {
	return func(yield func(place) bool) {
		seen := map[place]bool{}
		for _, unit := range units {
			reach, known := p.world.find(unit.Account)
			_, unavailable := p.Unavailable(unit)
			_, lost := p.Lost(unit)
			if !known || unavailable || lost {
				continue
			}
			for _, one := range reach.payees {
				at := place{payee: one, day: unit.Day}
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

// settled yields the payee's bills of the day without exact repeats.
func (w *world) settled(one *payee, day schema.Day) iter.Seq[*bill] {
	return func(yield func(*bill) bool) {
		for slot := range w.count(one, day) {
			at := place{one, day, slot}
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

func (b *bill) row(day schema.Day) Row {
	row := Row{
		Account: schema.AccountID(b.AccountID), Day: day, LedgerID: b.LedgerID,
		SettleType: b.SettleType, SettleSubType: b.SettleSubType,
		GroupName: mended(b.GroupName), Direction: b.direction, Amounts: make(map[string]*int64, amountFields), Exceptions: b.raises,
	}
	for i, name := range fenColumns {
		row.Amounts[name] = nil
		if fen, ok := b.signed(i); ok {
			row.Amounts[name] = &fen
		}
	}
	return row
}

// signed returns the amount of a column with the bill's sign. There is none
// where the amount is absent or has a minus, or nobody can say the sign.
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

// Total is the sum of one payee's day.
type Total struct {
	Account schema.AccountID       `json:"account_id"`
	Day     schema.Day             `json:"bill_date"`
	Rows    int                    `json:"rows"`
	Columns map[string]ColumnTotal `json:"columns"`
}

// ColumnTotal is the sum of one column of money, signed fen, and its NULLs.
type ColumnTotal struct {
	Sum   int64 `json:"sum,string"`
	Nulls int   `json:"nulls"`
}

// Totals returns the truth added up per payee and day, without keeping its
// rows. Payees' days without a bill are left out.
func (p *Platform) Totals(accounts []schema.Account, from, to schema.Day) []Total {
	var totals []Total
	for at := range p.reached(unitsOf(accounts, from, to)) {
		if total := p.world.total(at.payee, at.day); total.Rows > 0 {
			totals = append(totals, total)
		}
	}
	return totals
}

func (w *world) total(one *payee, day schema.Day) Total {
	total := Total{Account: one.id, Day: day, Columns: make(map[string]ColumnTotal, amountFields)}
	var columns [amountFields]ColumnTotal
	for b := range w.settled(one, day) {
		total.Rows++
		for i := range columns {
			if fen, ok := b.signed(i); ok {
				columns[i].Sum += fen
			} else {
				columns[i].Nulls++
			}
		}
	}
	for i, name := range fenColumns {
		total.Columns[name] = columns[i]
	}
	return total
}
