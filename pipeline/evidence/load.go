package evidence

import (
	"context"
	"errors"
	"slices"
	"time"

	"billwalk/schema"
)

// LoadCallbacks loads the callbacks of the run's days and their windows, which may have
// been received at any time since. Of objects that are damaged a run queries the
// orders; for a replay they are an error. It is called once, before anything else.
func (e *Evidence) LoadCallbacks(ctx context.Context) (damaged, err error) {
	if !e.Rules.Configured || len(e.Days) == 0 {
		return nil, nil
	}
	received, ok, err := e.Archive.FirstReceived(ctx)
	if err != nil || !ok {
		return nil, err
	}
	e.received = true
	first, last := slices.Min(e.Days)-linkDays(e.Rules.Lookback), slices.Max(e.Days)+linkDays(e.Rules.Lookback)
	today := schema.DayOf(e.Now())
	c, err := newCallbacks(e.Log, e.AppIDs)
	if err != nil {
		return nil, err
	}
	e.callbacks = c
	if err := c.loadAll(ctx, e.Archive, max(received, first-1), max(today, last)+1, first, last); err != nil {
		return nil, err
	}
	damaged = errors.Join(c.damaged...)
	if damaged != nil && e.Replay {
		return nil, damaged
	}
	e.bills.linking, e.answers.indexed = !c.none(), !c.none()
	return damaged, nil
}

// LoadStandings reads where the settlements of the published days stand. built is when
// the partitions of this run's days were published.
func (e *Evidence) LoadStandings(ctx context.Context, published []schema.Day, built map[schema.Partition]time.Time) error {
	return e.standings.load(ctx, e.Lake, e.Buckets, published, built)
}

// LoadAnswers loads what the archive has of the day's window. A run queries again what
// cannot be read, or is no answer; a replay cannot, and must not guess. It is not safe
// for concurrent use.
func (e *Evidence) LoadAnswers(ctx context.Context, day schema.Day) error {
	window := e.Window()
	if err := e.loadAnswers(ctx, day-window, day+window); err != nil {
		return err
	}
	return e.checkInvalid(day-window, day+window)
}

func (e *Evidence) loadAnswers(ctx context.Context, from, to schema.Day) error {
	for day := from; day <= to; day++ {
		if err := e.answers.load(ctx, day); err != nil {
			e.faults[day] = err
			if !e.Replay {
				e.Log.Warn("settlements in the archive cannot be read: their orders are queried again", "bill_date", day, "error", err)
			}
		}
		if err := e.faults[day]; err != nil && e.Replay {
			return err
		}
	}
	return nil
}

// Forget gives up what is known of a day that no other day needs any more.
func (e *Evidence) Forget(day schema.Day) {
	e.answers.forget(day)
	e.bills.forget(day)
}

// ForgetBills gives up the index of the day's bills: others have taken their place.
func (e *Evidence) ForgetBills(day schema.Day) { e.bills.forget(day) }

// checkInvalid looks for invalid answers on the days. A run queries them again, and only
// logs it; for a replay they are an error.
func (e *Evidence) checkInvalid(from, to schema.Day) error {
	for day := from; day <= to; day++ {
		left := e.answers.unanswered(day)
		switch {
		case len(left) == 0:
		case e.Replay:
			return left[0].fault
		case !e.warned[day]:
			e.warned[day] = true
			e.Log.Warn("the archive has errors in place of answers of the settle query: their orders are queried again", "bill_date", day, "answers", len(left), "error", left[0].fault)
		}
	}
	return nil
}

// Place notes the settlements of a partition that this run has published. It is not safe
// for concurrent use.
func (e *Evidence) Place(at schema.Partition, settlements *Placements) {
	e.standings.place(at, settlements)
}
