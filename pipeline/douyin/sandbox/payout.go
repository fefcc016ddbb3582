package sandbox

import (
	"iter"

	"billwalk/schema"
)

// payout is the money of a payee's consecutive days, or of one part of it: what one
// withdrawal pays, or several that follow each other.
type payout struct {
	payee       *payee
	first, last schema.Day
	part, parts int // the parts of a day are withdrawn one after the other
}

// longPayouts is the merchant of the dozen whose withdrawals cover so many days that
// each has a thousand bills, if three weeks are enough for that.
const (
	longPayouts   = 9
	longBills     = 1_100
	maxPayoutDays = 21
)

// rhythm returns how many days a payout of the payee covers, and in how many parts it
// is withdrawn.
func (w *world) rhythm(of *payee) (days, parts int) {
	m := of.merchant
	if w.withdrawsByHand(m) {
		return 1, 1
	}
	if m.index%dozen == longPayouts {
		return max(2, min(1+longBills*len(m.payees)/max(1, m.bills), maxPayoutDays)), 1
	}
	switch (m.index + of.number%maxPayees) % 4 {
	case 1:
		return 1, 2 + m.index%2
	case 2:
		return 3, 1
	}
	return 1, 1
}

// withdrawsByHand reports whether the merchant withdraws some days by hand: those of
// [Platform.Unavailable].
func (w *world) withdrawsByHand(m *merchant) bool {
	place := m.index % dozen
	return !w.healthy && (place == withdrawnByHand || place == withdrawnNoDetail)
}

func floorDiv(n, by int) int { return (n - ((n%by)+by)%by) / by }

// turn counts the payee's payouts: those of a window of days share one.
func (w *world) turn(of *payee, day schema.Day) int {
	days, _ := w.rhythm(of)
	return floorDiv(int(day)+of.number, days)
}

// payouts yields the payee's payouts whose last days are in from..to.
func (w *world) payouts(of *payee, from, to schema.Day) iter.Seq[payout] {
	days, parts := w.rhythm(of)
	return func(yield func(payout) bool) {
		for turn := w.turn(of, from); ; turn++ {
			first := schema.Day(turn*days - of.number)
			out := payout{payee: of, first: first, last: first + schema.Day(days-1), parts: parts}
			if out.last > to {
				return
			}
			for out.part = range parts {
				if !yield(out) {
					return
				}
			}
		}
	}
}

// places yields the payout's bills. Bills whose direction is unknown are in no payout.
func (w *world) places(of payout) iter.Seq[place] {
	return func(yield func(place) bool) {
		for day := of.first; day <= of.last; day++ {
			for slot := range w.count(of.payee, day) {
				at := place{of.payee, day, slot}
				if of.parts > 1 && int(w.dice(at, "part")%uint64(of.parts)) != of.part || !w.withdrawable(at) {
					continue
				}
				if !yield(at) {
					return
				}
			}
		}
	}
}

// withdrawable reports whether the bill at the place counts, and in which direction is
// known.
func (w *world) withdrawable(at place) bool {
	switch w.planted(at) {
	case repeated, DuplicateConflict, UnknownDirection:
		return false
	}
	if !w.faults.has("minus") {
		return true
	}
	b := w.bill(at)
	_, ok := b.payable()
	return ok
}

// payable returns what the bill adds to the merchant's balance: fund_amount, or goods
// where there is none, with the bill's sign.
func (b *bill) payable() (fen int64, ok bool) {
	if b.FundAmount != nil {
		return b.signed(fundAmount)
	}
	return b.signed(goods)
}

// figures sums up a payout.
type figures struct {
	bills    int
	fen      int64
	spare    place // the smallest bill to the merchant that breaks no rule: a break may change it
	spareFen int64 // 0 if there is none
}

// figures returns the sums of a payout. They are kept, because they cost the making of
// all its bills.
func (w *world) figures(of payout) figures {
	if known, ok := w.sums.Load(of); ok {
		return known.(figures)
	}
	var out figures
	for at := range w.places(of) {
		b := w.bill(at)
		fen, _ := b.payable()
		out.bills++
		out.fen += fen
		if fen > 0 && (out.spareFen == 0 || fen < out.spareFen) && len(b.exceptions) == 0 {
			out.spare, out.spareFen = at, fen
		}
	}
	w.sums.Store(of, out)
	return out
}
