package report

import "billwalk/schema"

// BlockerLabel says in words what hinders closing.
func (r *Report) BlockerLabel(code BlockerCode) Text {
	return r.gloss("blocker", string(code)).Label
}

// closing says whether the days can be closed, with all that hinders it.
func (l *loader) closing(r *Report, t *tables) Close {
	c := Close{Blockers: []Blocker{}}
	add := func(b Blocker) {
		if b.Count > 0 {
			c.Blockers = append(c.Blockers, b)
		}
	}
	absent, stale, half, remainders := Blocker{Code: UnitsAbsent}, Blocker{Code: UnitsStale}, Blocker{Code: HalfPublished}, Blocker{Code: BridgeRemainder}
	for i := range r.Units {
		switch u := &r.Units[i]; {
		case u.State == Stale:
			stale.Count++
		case u.State != Complete:
			absent.Count++
		}
		if r.Units[i].Bridge.Remainder != 0 {
			remainders.Count++
		}
	}
	for _, p := range l.parts {
		if p.torn || p.damage != nil {
			half.Count++
		}
	}
	if r.Total.Bridge.Remainder != 0 {
		remainders.Count = max(remainders.Count, 1)
		remainders.Fen = Amount(schema.Some(r.Total.Bridge.Remainder))
	}
	sums := r.Total.Sums
	for _, b := range []Blocker{absent, stale, half, remainders, {Code: DirectionUnknown, Count: sums.UnknownDirection}, {Code: AmountUnknown, Count: sums.UnknownForward}} {
		add(b)
	}
	for _, code := range unclearReasons {
		if b := t.unclear[code]; b != nil {
			add(*b)
		}
	}
	c.Ready = len(c.Blockers) == 0
	return c
}
