package sandbox

import "billwalk/schema"

// place identifies a bill: its payee, its day, and its slot of that day.
type place struct {
	payee *payee
	day   schema.Day
	slot  int
}

// dice returns the chance of one property of what is at the place.
func (w *world) dice(at place, what string) uint64 {
	return dice(w.seed, word(what), uint64(at.payee.number), uint64(at.day), uint64(at.slot))
}

// id returns the id of one kind that belongs to the place.
func (w *world) id(at place, kind int) string {
	return makeID(w.seed, kind, at.payee.number, int64(at.day), at.slot)
}
