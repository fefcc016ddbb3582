package month

import "billwalk/schema"

const (
	success    = "SUCCESS"
	processing = "PROCESSING"
	fail       = "FAIL"
)

// addSettlement plans a settlement with a status from a night on.
func (w *planner) addSettlement(o *order, night int, status string, l legs) *settlement {
	s := &settlement{order: o, id: "ot" + w.id()}
	o.settlements, w.settlementsByID[s.id], w.settlementsByID[s.outSettleNo()] = append(o.settlements, s), s, s
	return s.changeTo(w, night, status, l)
}

// changeTo plans the settlement's version from a night on.
func (s *settlement) changeTo(w *planner, night int, status string, l legs) *settlement {
	s.versions = append(s.versions, settleVersion{night: night, status: status, legs: l, time: w.noonBefore(night)})
	return s
}

// split returns two amounts that add up to l.
func (l legs) split() (first, second legs) {
	for i := 1; i < len(l); i++ {
		first[i] = l[i] / 3
		first[0] += first[i]
	}
	return first, l.add(first, -1)
}

// settleOrder plans the settlements of the first versions of the order's bills.
func (w *planner) settleOrder(o *order, days []schema.Day) {
	if o.merchant.parameter == outOrderNo && o.ext == "" {
		o.story = "not to be found"
		return
	}
	start, whole := w.firstNight(days[len(days)-1]), o.firstAmounts(days...)
	if len(days) > 1 {
		switch w.IntN(3) {
		case 0:
			o.story = "prepaid"
			w.addSettlement(o, w.firstNight(days[0]), success, whole)
			return
		case 1:
			o.story = "each day by itself"
			for _, day := range days {
				w.addSettlement(o, w.firstNight(day), success, o.firstAmounts(day))
			}
			return
		}
	}
	w.settleOnce(o, start, whole)
}

// settleOnce plans the settlements of an amount that is billed by a night.
func (w *planner) settleOnce(o *order, start int, whole legs) {
	first, second := whole.split()
	switch roll := w.IntN(20); {
	case roll < 6:
		o.story = "at once"
		w.addSettlement(o, start, success, whole)
	case roll < 9:
		o.story = "late"
		w.addSettlement(o, w.laterNight(o, start), success, whole)
	case roll < 11:
		o.story = "in parts"
		w.addSettlement(o, start, success, first)
		w.addSettlement(o, w.laterNight(o, start), success, second)
	case roll < 12:
		o.story = "twice"
		w.addSettlement(o, start, success, whole)
		w.addSettlement(o, w.laterNight(o, start), success, whole)
	case roll < 14:
		o.story = "failed, then paid"
		w.addSettlement(o, start, fail, whole)
		w.addSettlement(o, w.laterNight(o, start), success, whole)
	case roll < 16:
		o.story = "failed, tried again, then paid"
		w.addSettlement(o, start, fail, whole)
		again := w.laterNight(o, start)
		w.addSettlement(o, again, processing, whole).changeTo(w, w.laterNight(o, again), success, whole)
	case roll < 18:
		o.story = "under way, then paid"
		w.addSettlement(o, start, processing, whole).changeTo(w, w.laterNight(o, start), success, whole)
	case roll < 19:
		o.story = "a part under way"
		w.addSettlement(o, start, success, first)
		w.addSettlement(o, start, processing, second).changeTo(w, w.laterNight(o, start), success, second)
	default:
		o.story = "never"
	}
}

// restate plans the changes of the order's bills on closed days.
func (w *planner) restate(o *order) {
	b := o.bills[w.IntN(len(o.bills))]
	first := b.versions[0]
	night := w.laterNight(o, first.night)
	switch roll := w.IntN(24); {
	case roll < 2:
		o.story += "; a bill changed"
		changed, more := first, w.amounts()
		changed.night, changed.legs = night, first.legs.add(more, 1)
		b.versions = append(b.versions, changed)
		if w.IntN(2) == 0 { // the difference is settled later
			w.addSettlement(o, w.laterNight(o, night), success, more)
		}
	case roll < 4:
		o.story += "; a bill added"
		added := w.addBill(o, b.payee, b.day, night)
		if w.IntN(2) == 0 {
			w.addSettlement(o, w.laterNight(o, night), success, added.versions[0].legs)
		}
	case roll < 6:
		o.story += "; a bill removed"
		b.versions = append(b.versions, billVersion{night: night})
		if w.IntN(3) == 0 {
			back := first
			back.night = w.laterNight(o, night)
			b.versions = append(b.versions, back)
			o.story += " and there again"
		}
	case roll < 12 && b.payee == w.merchants[0].payees[1]:
		o.story += "; a bill moved"
		moved := first
		moved.night, moved.root, moved.own = night, w.IntN(2) == 0, false
		moved.own = !moved.root
		b.versions = append(b.versions, moved)
		if w.IntN(2) == 0 {
			back := moved
			back.night, back.root, back.own = w.laterNight(o, night), !moved.root, !moved.own
			b.versions = append(b.versions, back)
		}
	case roll < 14:
		o.story += "; with a refund"
		w.addBill(o, b.payee, b.day, first.night).refund = true
	}
}
