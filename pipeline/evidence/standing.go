package evidence

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// standings know on which day each settlement of the lake counts. There it stays,
// however far apart the bills of its order are: where another day's query has it too, it
// is not money again. A million settlements take 24 MB of memory.
type standings struct {
	window    schema.Day
	days      map[schema.Day]bool       // that this run builds: only they take settlements that stand nowhere
	published []standing                // by settle_id and day
	replaced  map[schema.Partition]bool // by this run: what it published there is in placed
	placed    map[idHash]standing       // by this run
}

// standing is a settlement where it is published.
type standing struct {
	id        idHash
	day       schema.Day
	bucket    int16
	succeeded bool
	early     bool // it was published before its own time: the days up to that were not known then
}

func newStandings(window schema.Day, days []schema.Day) *standings {
	s := &standings{window: window, days: make(map[schema.Day]bool), replaced: make(map[schema.Partition]bool), placed: make(map[idHash]standing)}
	for _, day := range days {
		s.days[day] = true
	}
	return s
}

func (s standing) compare(other standing) int {
	return cmp.Or(bytes.Compare(s.id[:], other.id[:]), cmp.Compare(s.day, other.day))
}

func (s standing) at() schema.Partition { return schema.Partition{Day: s.day, Bucket: int(s.bucket)} }

// LoadStandings reads where the settlements of the published days stand: three columns of
// all of them. built is when the partitions of this run's days were published.
func (e *Evidence) LoadStandings(ctx context.Context, published []schema.Day, built map[schema.Partition]time.Time) error {
	lists := make([][]standing, len(published)*e.Buckets)
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i := range lists {
		reads.Go(func() (err error) {
			at := schema.Partition{Day: published[i/e.Buckets], Bucket: i % e.Buckets}
			lists[i], err = e.standingsOf(ctx, at, built[at])
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return fmt.Errorf("reading where settlements stand: %w", err)
	}
	e.standings.published = slices.Concat(lists...)
	slices.SortFunc(e.standings.published, standing.compare)
	return nil
}

// standingsOf reads a partition, of which it is known when it was published if it is one of
// the run's.
func (e *Evidence) standingsOf(ctx context.Context, at schema.Partition, built time.Time) (list []standing, err error) {
	for s, err := range e.Lake.Settlements(ctx, at.Day, at.Bucket, "settle_id", "settle_status", "settle_time") {
		if err != nil {
			return nil, err
		}
		early := !built.IsZero() && s.SettleTime.Valid && s.SettleTime.V.After(built)
		one := standing{hashID("settle_id", s.SettleID), at.Day, int16(at.Bucket), s.Status == schema.StatusSuccess, early}
		if n := len(list); n > 0 && list[n-1].id == one.id { // a row for another of its items
			list[n-1].succeeded = list[n-1].succeeded || one.succeeded
			continue
		}
		list = append(list, one)
	}
	return list, nil
}

// find returns where a settlement stands. Where it stands on several days, as earlier
// versions published it, the first one counts.
func (s *standings) find(settleID string) (first standing, known bool) {
	id := hashID("settle_id", settleID)
	first, known = s.placed[id]
	at, _ := slices.BinarySearchFunc(s.published, id, func(one standing, id idHash) int { return bytes.Compare(one.id[:], id[:]) })
	for _, one := range s.published[at:] {
		if one.id != id {
			break
		}
		if !s.replaced[one.at()] && (!known || one.day < first.day) {
			first, known = one, true
		}
	}
	return first, known
}

// StandsElsewhere reports whether a settlement is published outside the day's window: it
// does not count on the day.
func (e *Evidence) StandsElsewhere(settleID string, day schema.Day) bool {
	where, known := e.standings.find(settleID)
	return known && max(where.day-day, day-where.day) > e.standings.window
}

// Place notes the settlements of a partition that this run has published, by settle_id.
// It is not safe for concurrent use.
func (e *Evidence) Place(at schema.Partition, settlements map[string]schema.Status) {
	s := e.standings
	s.replaced[at] = true
	for settleID, status := range settlements {
		one := standing{hashID("settle_id", settleID), at.Day, int16(at.Bucket), status == schema.StatusSuccess, false}
		if before, known := s.placed[one.id]; !known || one.day < before.day {
			s.placed[one.id] = one
		}
	}
}

// PublishedElsewhere is a settlement of an order, and the other day where it counts.
type PublishedElsewhere struct {
	schema.Settlement
	Day       schema.Day
	succeeded bool // as published
}

// SucceededSince reports whether the settlement has succeeded since the day where it
// counts was built.
func (p *PublishedElsewhere) SucceededSince() bool {
	return p.Status == schema.StatusSuccess && !p.succeeded
}

// leaveElsewhere leaves out the settlements that do not count on the day, and notes
// where others stand: there they stay while the order has a bill.
func (e *Evidence) leaveElsewhere(o *Order, day schema.Day, bills []reconcile.Bill) {
	billed := daysOf(bills)
	o.Settlements = slices.DeleteFunc(o.Settlements, func(r Row) bool {
		id := r.Settlement.SettleID
		where, known := e.standings.find(id)
		if !known {
			return false
		}
		published := PublishedElsewhere{r.Settlement, where.day, where.succeeded}
		near, built := max(where.day-day, day-where.day) <= e.standings.window, e.standings.days[where.day]
		hasBill := slices.Contains(billed, where.day)
		switch {
		case near && built && (!hasBill || where.early):
			return false // it moves
		case near && hasBill:
			if o.Published == nil {
				o.Published = make(map[string]schema.Day)
			}
			o.Published[id] = where.day
			if !built && published.SucceededSince() {
				o.Late = append(o.Late, published)
			}
			return false
		}
		o.Elsewhere = append(o.Elsewhere, published)
		return true
	})
}

// CountedBefore reports whether a settlement which succeeded counts on an earlier day.
func (o *Order) CountedBefore(day schema.Day) bool {
	return slices.ContainsFunc(o.Elsewhere, func(p PublishedElsewhere) bool { return p.succeeded && p.Day < day })
}

// BuiltDays returns the days that this run builds.
func (e *Evidence) BuiltDays() map[schema.Day]bool { return e.standings.days }
