package month

import "billwalk/schema"

const (
	success    = "SUCCESS"
	processing = "PROCESSING"
	fail       = "FAIL"
)

// settle plans a settlement of a status from a night on.
func (w *writer) settle(o *order, night int, status string, l legs) *settlement {
	s := &settlement{order: o, id: "ot" + w.id()}
	o.settlements, w.settled[s.id], w.settled[s.outNo()] = append(o.settlements, s), s, s
	return s.becomes(w, night, status, l)
}

// becomes plans what the settlement is from a later night on.
func (s *settlement) becomes(w *writer, night int, status string, l legs) *settlement {
	s.versions = append(s.versions, settleVersion{night: night, status: status, legs: l, time: w.noonBefore(night)})
	return s
}

// half splits an amount in two that add up to it.
func (l legs) half() (first, second legs) {
	for i := 1; i < len(l); i++ {
		first[i] = l[i] / 3
		first[0] += first[i]
	}
	return first, l.add(first, -1)
}

// shareOut plans how the order is shared out, its bills being as they are at first.
func (w *writer) shareOut(o *order, days []schema.Day) {
	if o.merchant.rule == outOrderNo && o.ext == "" {
		o.story = "not to be found"
		return
	}
	start, whole := w.firstNight(days[len(days)-1]), o.billed(days...)
	if len(days) > 1 {
		switch w.IntN(3) {
		case 0:
			o.story = "prepaid"
			w.settle(o, w.firstNight(days[0]), success, whole)
			return
		case 1:
			o.story = "each day by itself"
			for _, day := range days {
				w.settle(o, w.firstNight(day), success, o.billed(day))
			}
			return
		}
	}
	w.shareOutOnce(o, start, whole)
}

// shareOutOnce plans how what is billed by a night is shared out.
func (w *writer) shareOutOnce(o *order, start int, whole legs) {
	first, second := whole.half()
	switch roll := w.IntN(20); {
	case roll < 6:
		o.story = "at once"
		w.settle(o, start, success, whole)
	case roll < 9:
		o.story = "late"
		w.settle(o, w.later(o, start), success, whole)
	case roll < 11:
		o.story = "in parts"
		w.settle(o, start, success, first)
		w.settle(o, w.later(o, start), success, second)
	case roll < 12:
		o.story = "twice"
		w.settle(o, start, success, whole)
		w.settle(o, w.later(o, start), success, whole)
	case roll < 14:
		o.story = "failed, then paid"
		w.settle(o, start, fail, whole)
		w.settle(o, w.later(o, start), success, whole)
	case roll < 16:
		o.story = "failed, tried again, then paid"
		w.settle(o, start, fail, whole)
		again := w.later(o, start)
		w.settle(o, again, processing, whole).becomes(w, w.later(o, again), success, whole)
	case roll < 18:
		o.story = "under way, then paid"
		w.settle(o, start, processing, whole).becomes(w, w.later(o, start), success, whole)
	case roll < 19:
		o.story = "a part under way"
		w.settle(o, start, success, first)
		w.settle(o, start, processing, second).becomes(w, w.later(o, start), success, second)
	default:
		o.story = "never"
	}
}

// restate plans what happens to the order's bills on closed days.
func (w *writer) restate(o *order) {
	b := o.bills[w.IntN(len(o.bills))]
	first := b.versions[0]
	night := w.later(o, first.night)
	switch roll := w.IntN(24); {
	case roll < 2:
		o.story += "; a bill changed"
		changed, more := first, w.amounts()
		changed.night, changed.legs = night, first.legs.add(more, 1)
		b.versions = append(b.versions, changed)
		if w.IntN(2) == 0 { // and what is missing is paid a while after
			w.settle(o, w.later(o, night), success, more)
		}
	case roll < 4:
		o.story += "; a bill added"
		added := w.addBill(o, b.payee, b.day, night)
		if w.IntN(2) == 0 {
			w.settle(o, w.later(o, night), success, added.versions[0].legs)
		}
	case roll < 6:
		o.story += "; a bill removed"
		b.versions = append(b.versions, billVersion{night: night})
		if w.IntN(3) == 0 {
			back := first
			back.night = w.later(o, night)
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
			back.night, back.root, back.own = w.later(o, night), !moved.root, !moved.own
			b.versions = append(b.versions, back)
		}
	case roll < 14:
		o.story += "; with a refund"
		w.addBill(o, b.payee, b.day, first.night).refund = true
	}
}
