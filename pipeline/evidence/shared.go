package evidence

import (
	"context"
	"maps"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// A settlement may be found for several orders, by an id that they share. It counts once: on the
// day on which it would count if their bills were of one order, and there for the smallest order
// that is queried by the id. So every day of each of these orders comes to the same.

// SharedSettlement is a settlement of an order that counts for another one.
type SharedSettlement struct {
	schema.Settlement
	Owner string
}

// LoadShared reads what is known of the ids of the day's bills that several orders have: hardly
// ever is there one. The bills around the day must be loaded.
func (e *Evidence) LoadShared(ctx context.Context, day schema.Day) error {
	if !e.bills.shared.any() {
		return nil
	}
	window := e.standings.window
	for other := day - window; other <= day+2*window; other++ {
		if err := e.bills.loadOwners(ctx, other); err != nil {
			return err
		}
	}
	return e.loadAnswers(ctx, day-2*window, day+3*window) // which tell of each of those days whether it has an answer
}

// owners returns by day, as far as the day's window goes and ahead of it, the smallest order that is
// queried by an id of the settlement that several orders have, and gets it; nil where it is this
// order on all of them.
func (r *OrderReader) owners(day schema.Day, s *schema.Settlement, order string) (owners map[schema.Day]string, err error) {
	ids := r.sharedIDs(s)
	if len(ids) == 0 {
		return nil, nil
	}
	owners = make(map[schema.Day]string)
	first, last := day-r.standings.window, day+r.standings.window
	for on := first; on <= last; on++ {
		if err := r.addOwner(owners, on, ids, s); err != nil {
			return nil, err
		}
	}
	if len(owners) == 0 {
		return nil, nil
	}
	if r.Ahead {
		for _, on := range r.standings.ahead(day) {
			if err := r.addOwner(owners, on, ids, s); err != nil {
				return nil, err
			}
		}
	}
	for _, owner := range owners {
		if owner != order || r.far[s.SettleID] {
			return owners, nil
		}
	}
	return nil, nil
}

// addFar adds the settlements that an id of several orders has found for other days of the order
// within the window, and not for this day: another order was queried by it.
func (r *OrderReader) addFar(day schema.Day) error {
	clear(r.far)
	if !r.bills.shared.any() {
		return nil
	}
	for _, q := range r.queries {
		id := hashQuery(q)
		if !r.bills.shared.shared[id.short()] {
			continue
		}
		last := r.answers.latest(id, day-2*r.answers.window, day+2*r.answers.window)
		if last.Outcome <= Empty {
			continue
		}
		answer, err := r.answers.read(last, nil)
		if err != nil {
			return err
		}
		for i := range answer.rows {
			row := &answer.rows[i]
			if row.Foreign || slices.ContainsFunc(r.answered.rows, func(known normalise.SettleRow) bool { return known.Settlement.SettleID == row.Settlement.SettleID }) {
				continue
			}
			if r.far == nil {
				r.far = make(map[string]bool)
			}
			r.far[row.Settlement.SettleID] = true
			r.answered.add(row)
		}
	}
	return nil
}

// sharedIDs returns the ids that may have found the settlement and that several orders have.
func (r *OrderReader) sharedIDs(s *schema.Settlement) (ids []idHash) {
	if !r.bills.shared.any() {
		return nil
	}
	for _, q := range slices.Concat(r.queries, r.Rules.QueriesFor(s)) {
		if id := hashQuery(q); q.Value != "" && r.bills.shared.shared[id.short()] {
			ids = append(ids, id)
		}
	}
	return ids
}

// sharedDays returns the days of several orders with an id, as if they were one order.
func (r *OrderReader) sharedDays(day schema.Day, owners map[schema.Day]string) (d billDays) {
	for _, on := range slices.Sorted(maps.Keys(owners)) {
		if on <= day+r.standings.window {
			d.near = append(d.near, on)
		} else {
			d.ahead = append(d.ahead, on)
		}
	}
	d.has = func(schema.Day) bool { return true }
	return d
}

// addOwner adds the smallest order of a day that is queried by one of the ids and gets the
// settlement.
func (r *OrderReader) addOwner(owners map[schema.Day]string, day schema.Day, ids []idHash, s *schema.Settlement) error {
	for _, id := range ids {
		owner, ok := r.bills.shared.owners[day][id.short()]
		if known, has := owners[day]; !ok || has && known <= owner {
			continue
		}
		gets, err := r.gets(id, day, s.SettleID)
		if err != nil {
			return err
		}
		if gets {
			owners[day] = owner
		}
	}
	return nil
}

// gets reports whether the answer to a query that serves for the day has a settlement.
func (r *OrderReader) gets(query idHash, day schema.Day, settleID string) (bool, error) {
	last := r.answers.latest(query, day-r.answers.window, day+r.answers.window)
	if last.Outcome <= Empty {
		return false, nil
	}
	got, known := r.got[last.place]
	if !known {
		answer, err := r.answers.read(last, nil)
		if err != nil {
			return false, err
		}
		got = make(map[string]bool)
		for i := range answer.rows {
			if row := &answer.rows[i]; !row.Foreign {
				got[row.Settlement.SettleID] = true
			}
		}
		if r.got == nil {
			r.got = make(map[spill.Place]map[string]bool)
		}
		r.got[last.place] = got
	}
	return got[settleID], nil
}
