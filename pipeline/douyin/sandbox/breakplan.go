package sandbox

// breakDistance is the distance between the payouts of a payee that have a break, so
// that the one before is always an ordinary one.
const breakDistance = 5

// breakOf returns the break of the payout, "" for most.
func (w *world) breakOf(of payout) string {
	turn := w.turn(of.payee, of.first)
	if len(w.breaks.kinds) == 0 || of.part > 0 || w.withdrawsByHand(of.payee.merchant) || (turn+of.payee.number)%breakDistance != 0 {
		return ""
	}
	next := floorDiv(turn, breakDistance)*9 + of.payee.merchant.index*3 + of.payee.number%maxPayees*7
	kind := w.breaks.kinds[(next%len(w.breaks.kinds)+len(w.breaks.kinds))%len(w.breaks.kinds)].Name
	if !w.canBreak(of, kind) {
		return ""
	}
	return kind
}

// canBreak reports whether the payout has the bills that the break needs.
func (w *world) canBreak(of payout, kind string) bool {
	f := w.figures(of)
	if f.spareFen == 0 || f.fen < 1_000 {
		return false
	}
	switch kind {
	case BillTwice:
		return w.figures(w.before(of)).spareFen > 0 && w.figures(w.before(of)).fen > 0
	case DirectionChanged:
		return f.fen > 2*f.spareFen
	}
	return true
}

// before returns the first part of the payee's payout before this one.
func (w *world) before(of payout) payout {
	days := of.last - of.first + 1
	return payout{payee: of.payee, first: of.first - days, last: of.last - days, parts: of.parts}
}
