package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/notified"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// standing knows on which day each settlement of the lake counts. There it stays,
// however far apart the bills of its order are: what another day of the order is
// answered with is not money again. To know it, a run reads three columns of all
// published settlements, once; a million of them take 24 MB of memory.
type standing struct {
	window    schema.Day
	planned   map[schema.Day]bool   // days of this run: only they take what stands nowhere
	published []stand               // by settle_id and day
	replaced  map[partition]bool    // by this run: what it published there is in placed
	placed    map[fingerprint]stand // by this run
}

// stand is a settlement where it is published.
type stand struct {
	id        fingerprint
	day       schema.Day
	bucket    int16
	succeeded bool
	early     bool // it was published before its own time: the days up to that were not known then
}

func standingID(settleID string) fingerprint {
	return fingerprintOf(schema.Question{Match: schema.Match{Parameter: "settle_id"}, Value: settleID})
}

func (s *stand) compare(other stand) int {
	return cmp.Or(bytes.Compare(s.id[:], other.id[:]), cmp.Compare(s.day, other.day))
}

// readStanding reads where the published settlements stand.
func (b *builder) readStanding(ctx context.Context) error {
	b.standing = &standing{window: schema.Day(b.Rules.Lookback), planned: make(map[schema.Day]bool), replaced: make(map[partition]bool), placed: make(map[fingerprint]stand)}
	for _, day := range b.plan.days() {
		b.standing.planned[day] = true
	}
	built := make(map[partition]time.Time)
	for _, base := range b.plan.Bases {
		if base.Manifest != nil {
			built[partition{base.Day, base.Bucket}] = base.Manifest.PublishedAt
		}
	}
	if !b.Rules.Configured || b.PublishedDays == nil {
		return nil
	}
	days, err := b.PublishedDays(ctx)
	if err != nil {
		return err
	}
	lists := make([][]stand, len(days)*b.Buckets)
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i := range lists {
		reads.Go(func() (err error) {
			at := partition{days[i/b.Buckets], i % b.Buckets}
			lists[i], err = b.standsOf(ctx, at, built[at])
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return fmt.Errorf("reading where settlements stand: %w", err)
	}
	b.standing.published = slices.Concat(lists...)
	slices.SortFunc(b.standing.published, func(a, b stand) int { return a.compare(b) })
	return nil
}

// spansWindows says that the run has days of which one is not in the other's window.
func (r *Run) spansWindows() bool { return int(r.To-r.From)+r.Lookback > r.Rules.Lookback }

// standsOf reads a partition, of which it is known when it was published if it is one of
// the run's.
func (b *builder) standsOf(ctx context.Context, at partition, built time.Time) (stands []stand, err error) {
	for s, err := range b.Lake.Settlements(ctx, at.day, at.bucket, "settle_id", "settle_status", "settle_time") {
		if err != nil {
			return nil, err
		}
		early := !built.IsZero() && s.SettleTime.Valid && s.SettleTime.V.After(built)
		one := stand{standingID(s.SettleID), at.day, int16(at.bucket), s.Status == schema.StatusSuccess, early}
		if n := len(stands); n > 0 && stands[n-1].id == one.id { // a row for another of its items
			stands[n-1].succeeded = stands[n-1].succeeded || one.succeeded
			continue
		}
		stands = append(stands, one)
	}
	return stands, nil
}

// of returns where a settlement stands. Where it stands on several days, as earlier
// versions published it, the first one counts.
func (s *standing) of(settleID string) (first stand, known bool) {
	id := standingID(settleID)
	first, known = s.placed[id]
	at, _ := slices.BinarySearchFunc(s.published, id, func(one stand, id fingerprint) int { return bytes.Compare(one.id[:], id[:]) })
	for _, one := range s.published[at:] {
		if one.id != id {
			break
		}
		if !s.replaced[partition{one.day, int(one.bucket)}] && (!known || one.day < first.day) {
			first, known = one, true
		}
	}
	return first, known
}

// elsewhere returns where a settlement stands, if that is outside the day's window: it
// does not count on the day.
func (s *standing) elsewhere(settleID string, day schema.Day) (where stand, elsewhere bool) {
	where, known := s.of(settleID)
	return where, known && max(where.day-day, day-where.day) > s.window
}

// place notes the settlements of a partition that this run has published.
func (s *standing) place(at partition, settlements map[string]schema.Status) {
	s.replaced[at] = true
	for settleID, status := range settlements {
		one := stand{standingID(settleID), at.day, int16(at.bucket), status == schema.StatusSuccess, false}
		if before, known := s.placed[one.id]; !known || one.day < before.day {
			s.placed[one.id] = one
		}
	}
}

// awaySettlement is a settlement that an order was answered with, and that counts on
// another day.
type awaySettlement struct {
	schema.Settlement
	stand
}

// leaveElsewhere leaves out the settlements that do not count on the day, and notes
// where others stand: there they stay while the order has a bill.
func (e *evidence) leaveElsewhere(f *found, day schema.Day, bills []reconcile.Bill) {
	billed := daysOfBills(bills)
	f.settlements = slices.DeleteFunc(f.settlements, func(r notified.Row) bool {
		id := r.Settlement.SettleID
		where, known := e.standing.of(id)
		if !known {
			return false
		}
		near, planned := max(where.day-day, day-where.day) <= e.standing.window, e.standing.planned[where.day]
		hasBill := slices.Contains(billed, where.day)
		switch {
		case near && planned && (!hasBill || where.early):
			return false // it moves
		case near && hasBill:
			if f.stands == nil {
				f.stands = make(map[string]schema.Day)
			}
			f.stands[id] = where.day
			if !planned && late(&r.Settlement, where) {
				f.late = append(f.late, awaySettlement{r.Settlement, where})
			}
			return false
		}
		f.away = append(f.away, awaySettlement{r.Settlement, where})
		return true
	})
}

// late says that the settlement has succeeded since the day where it stands was built.
func late(s *schema.Settlement, where stand) bool {
	return s.Status == schema.StatusSuccess && !where.succeeded
}

// elsewhere says that a settlement which succeeded counts on an earlier day.
func (f *found) elsewhere(day schema.Day) bool {
	return slices.ContainsFunc(f.away, func(a awaySettlement) bool { return a.succeeded && a.day < day })
}

// tellAway tells of the order's settlements that count on another day, once. It is
// an error where one has succeeded since it was last looked at there.
func (j *joiner) tellAway(g *gathered) error {
	if len(g.away)+len(g.late) == 0 || firstAccount(g.on(j.at.day)).Bucket(j.buckets) != j.at.bucket {
		return nil
	}
	for _, a := range slices.Concat(g.away, g.late) {
		e := schema.Exception{
			Rule: schema.RuleSettleElsewhere, Severity: schema.RuleSettleElsewhere.Severity(), ShopOrderID: schema.Some(g.bills[0].OrderKey()), SettleID: schema.Some(a.SettleID),
			Actual: a.Amount, Detail: fmt.Sprintf("the settlement stands on %s, where the order has another bill, and counts there alone", a.day),
		}
		if late(&a.Settlement, a.stand) {
			e.Severity = schema.SeverityError
			e.Detail = fmt.Sprintf("the settlement has succeeded since %s was last looked at, where it stands: it counts once that day is run again (--from %s --to %s)", a.day, a.day, a.day)
		}
		if err := j.exception(&e); err != nil {
			return err
		}
	}
	return nil
}
