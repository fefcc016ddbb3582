package sandbox

import "billwalk/schema"

// listedBill is a bill in the list of a withdrawal.
type listedBill struct {
	bill
	at     place
	walked int64 // what the bill is worth by the walk of its day
	known  bool  // the walk of its day, if there is one, has the bill
}

const (
	changedFen     = 100 // by which a bill is changed
	unpublishedAge = 400 // days
	ghostNumber    = maxAccounts * maxPayees
	ghosts         = 10_000
)

// listLength returns the number of bills in the withdrawal's list.
func (w *world) listLength(wd *withdrawal) int {
	n := w.figures(wd.payout).bills
	switch wd.story {
	case NoBills:
		return 0
	case BillLeftOut:
		return n - 1
	}
	return n + len(w.addedBills(wd))
}

// list returns the bills from..to-1 of the withdrawal's list.
func (w *world) list(wd *withdrawal, from, to int) []listedBill {
	var out []listedBill
	if wd.story == NoBills {
		return nil
	}
	spare, position := w.figures(wd.payout).spare, 0
	for at := range w.places(wd.payout) {
		if wd.story == BillLeftOut && at == spare {
			continue
		}
		if position >= to {
			return out
		}
		if position >= from {
			b := w.listed(at)
			if at == spare {
				b.change(wd.story)
			}
			out = append(out, b)
		}
		position++
	}
	for _, b := range w.addedBills(wd) {
		if position >= from && position < to {
			out = append(out, b)
		}
		position++
	}
	return out
}

// listed returns the bill as its day's walk has it.
func (w *world) listed(at place) listedBill {
	b := w.bill(at)
	fen, _ := b.payable()
	return listedBill{b, at, fen, true}
}

// change changes a bill to the merchant as the break does.
func (b *listedBill) change(kind string) {
	switch kind {
	case BillChanged, BillChangedUnpaid:
		b.Amount.raise(changedFen)
		if b.FundAmount != nil {
			b.setFunds(b.direction)
		}
	case DirectionChanged:
		b.direction = -1
		b.setFunds(b.direction)
	}
}

// addedBills returns the bills that the break adds to the list.
func (w *world) addedBills(wd *withdrawal) []listedBill {
	of, day := wd.payee, wd.last
	switch wd.story {
	case BillTwice:
		return []listedBill{w.listed(w.figures(w.before(wd.payout)).spare)}
	case OtherAccount:
		number := ghostNumber + of.number%ghosts
		m := *of.merchant
		ghost := &payee{merchant: &m, number: number, name: "另一商户", id: schema.AccountID(makeID(w.seed, idAccount, number, 0, 0))}
		m.payees = []*payee{ghost}
		return []listedBill{w.unlisted(place{ghost, day, of.number / ghosts * 1_000})}
	case UnpublishedDay:
		return []listedBill{w.unlisted(place{of, day - unpublishedAge, 0})}
	case UnlistedBill:
		return []listedBill{w.unlisted(place{of, day, w.count(of, day) + 100})}
	case NoDirection:
		at := place{of, day, w.count(of, day) + 200}
		return []listedBill{{bill: w.plant(at, UnknownDirection), at: at}}
	}
	return nil
}

// unlisted returns a sale that the walk of its day lacks, the first from the place on
// that is worth something.
func (w *world) unlisted(at place) listedBill {
	for ; ; at.slot++ {
		b := w.sale(at)
		if fen, ok := b.payable(); ok && fen > 0 {
			return listedBill{bill: b, at: at}
		}
	}
}

// amountOf returns the withdrawal's amount.
func (w *world) amountOf(wd *withdrawal, f figures) int64 {
	switch wd.story {
	case FeeWithheld:
		return f.fen - 1 - f.fen/200
	case WrongByAFen:
		return f.fen - 1 + 2*int64(w.payoutDice(wd.payout, "fen")%2)
	case BillChanged:
		return f.fen + changedFen
	case DirectionChanged:
		return f.fen - 2*f.spareFen
	}
	fen := f.fen
	for _, b := range w.addedBills(wd) {
		added, ok := b.payable()
		if !ok {
			added = b.Amount.fen[goods]
		}
		fen += added
	}
	return fen
}
