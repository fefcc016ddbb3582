package sandbox

import "billwalk/schema"

// place is where a bill stands: its payee, its day and its slot of that day.
type place struct {
	payee *payee
	day   schema.Day
	slot  int
}

func (w *world) dice(at place, what string) uint64 {
	return dice(w.seed, word(what), uint64(at.payee.number), uint64(at.day), uint64(at.slot))
}

func (w *world) id(at place, kind int) string {
	return makeID(w.seed, kind, at.payee.number, int64(at.day), at.slot)
}
