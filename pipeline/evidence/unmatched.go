package evidence

import (
	"context"
	"slices"

	"billwalk/schema"
)

// Unmatched is a settlement that only callbacks name, and that belongs to no bill.
type Unmatched struct {
	states []*callbackState // of events of one day, by item
}

// Unmatched returns the day's unmatched settlements. Of those whose bills are of days
// that the run does not build, it counts and logs which came after these were built. It
// is not safe for concurrent use.
func (e *Evidence) Unmatched(ctx context.Context, day schema.Day) ([]Unmatched, error) {
	states := e.callbacks.on(day)
	if len(states) == 0 {
		return nil, nil
	}
	if err := e.bills.loadAround(ctx, day); err != nil {
		return nil, err
	}
	var unmatched []Unmatched
	for i := range states {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &states[i]
		if e.callbacks.linked[s.index].Load() {
			continue
		}
		days := e.daysOfOrder(s)
		if len(days) == 0 {
			days = e.foreignDays(s)
		}
		if len(days) > 0 {
			if err := e.checkLate(ctx, s, days); err != nil {
				return nil, err
			}
			continue
		}
		if n := len(unmatched); n > 0 && unmatched[n-1].states[0].ids.settle == s.ids.settle {
			unmatched[n-1].states = append(unmatched[n-1].states, s)
		} else {
			unmatched = append(unmatched, Unmatched{[]*callbackState{s}})
		}
	}
	return unmatched, nil
}

// daysOfOrder returns the days within reach that have bills to which the state belongs.
func (e *Evidence) daysOfOrder(s *callbackState) []schema.Day {
	if order := e.owner(s); order != "" {
		return e.billDays(s, order)
	}
	for _, id := range []idHash{s.ids.settle, s.ids.order} {
		if answer := e.answers.withSettlement(id, s.day); answer.Outcome != NoAnswer {
			return []schema.Day{answer.Day}
		}
	}
	return nil
}

// checkLate counts and logs a callback whose bills are of days that this run does not
// build, and were published before it came.
func (e *Evidence) checkLate(ctx context.Context, s *callbackState, days []schema.Day) error {
	if slices.ContainsFunc(days, func(d schema.Day) bool { return e.standings.days[d] }) {
		return nil
	}
	for _, day := range days {
		for bucket := range e.Buckets {
			m, err := e.manifest(ctx, schema.Partition{Day: day, Bucket: bucket})
			if err != nil {
				return err
			}
			if m != nil && m.PublishedAt.UnixMicro() < s.mark.received {
				e.late++
				e.Log.Warn("a callback came after its bills' day was last built: replay that day to have it in the tables", "bill_date", day)
				return nil
			}
		}
	}
	return nil
}

// manifest reads a manifest of a day that the run does not build, once.
func (e *Evidence) manifest(ctx context.Context, at schema.Partition) (*schema.Manifest, error) {
	m, ok := e.manifests[at]
	if ok {
		return m, nil
	}
	m, err := e.Lake.Manifest(ctx, at.Day, at.Bucket)
	if err == nil {
		e.manifests[at] = m
	}
	return m, err
}

// JoinUnmatched joins settlements that callbacks name by two ids, as the query's record
// shows: they must not count twice.
func (e *Evidence) JoinUnmatched(ctx context.Context, day schema.Day, all []Unmatched) (joined []Unmatched, err error) {
	places := make(map[string]int)
	for _, one := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := e.ReadUnmatched(day, one)
		if err != nil {
			return nil, err
		}
		id := s.ID()
		if s.record != nil {
			id = s.record.Settlement.SettleID
		}
		if at, known := places[id]; known {
			joined[at].states = append(joined[at].states, one.states...)
			continue
		}
		places[id] = len(joined)
		joined = append(joined, one)
	}
	return joined, nil
}
