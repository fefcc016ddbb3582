package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// run builds the days as their units end: stage, settle, join, publish. A day is
// joined when all days of its window that the run looks at are settled, since an
// order may have bills on several of them.
func (b *builder) run(ctx, asking, hard context.Context, finished iter.Seq[walk.Outcome]) error {
	left := make(map[schema.Day]int) // units that have not ended
	for _, u := range b.plan.Units {
		left[u.Day]++
	}
	var faults []error
	for done := range finished {
		if err := b.take(hard, done); err != nil {
			return errors.Join(append(faults, err)...)
		}
		left[done.Unit.Day]--
		for _, day := range b.ended(left) {
			if ctx.Err() == nil { // what an interruption cut, the next run goes on with
				faults = append(faults, b.settleDay(asking, hard, day))
				b.settled[day] = true
			}
		}
		for day, ok := b.ready(left); ok && ctx.Err() == nil; day, ok = b.ready(left) {
			faults = append(faults, b.joinDay(asking, hard, day))
		}
	}
	return errors.Join(faults...)
}

// ended returns the days that can be settled now: those whose units have ended,
// in the order of the plan, so that what one teaches of the match rules serves
// the next.
func (b *builder) ended(left map[schema.Day]int) (days []schema.Day) {
	for _, day := range b.plan.days() {
		if left[day] > 0 {
			break
		}
		if !b.settled[day] {
			days = append(days, day)
		}
	}
	return days
}

// take loads a unit that has ended into its partition.
func (b *builder) take(ctx context.Context, done walk.Outcome) error {
	at := schema.Partition{Day: done.Unit.Day, Bucket: done.Unit.Account.ID.Bucket(b.Buckets)}
	if b.assemblies[at] == nil {
		a, err := b.assemble(ctx, b.plan.base(at))
		if err != nil {
			return err
		}
		b.assemblies[at] = a
	}
	b.results[done.Unit] = done
	b.assemblies[at].take(ctx, done.Unit, done)
	return nil
}

// of returns the day's assemblies, by bucket.
func (b *builder) of(day schema.Day) (all []*assembly) {
	for _, base := range b.plan.Bases {
		if a := b.assemblies[schema.Partition{Day: base.Day, Bucket: base.Bucket}]; a != nil && base.Day == day {
			all = append(all, a)
		}
	}
	return all
}

// spansWindows says that the run has days of which one is not in the other's window.
func (r *Run) spansWindows() bool { return int(r.To-r.From)+r.Lookback > r.Rules.Lookback }

// before says that a day is to be published before another one: of an order whose
// bills are further apart than the window the earlier day has the settlements.
func (b *builder) before(earlier, day schema.Day) bool {
	return b.Rules.Configured && day-earlier > schema.Day(b.Rules.Lookback)
}

// ready returns the newest day that can be joined now, if there is one.
func (b *builder) ready(left map[schema.Day]int) (schema.Day, bool) {
	window := b.evidence.Window()
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(b.settled))) {
		whole := !b.joined[day]
		for other := range left {
			whole = whole && (b.settled[other] || max(day-other, other-day) > window) && (b.joined[other] || !b.before(other, day))
		}
		if whole {
			return day, true
		}
	}
	return 0, false
}

// joinDay joins all of the day's partitions, then publishes them, and gives up the
// files that no day needs any more.
func (b *builder) joinDay(asking, ctx context.Context, day schema.Day) error {
	b.joined[day] = true
	var faults []error
	failed := func(a *assembly, err error) {
		b.Log.Error("not published", "bill_date", day, "bucket", a.base.Bucket, "error", err)
		faults = append(faults, fmt.Errorf("day %s, bucket %d is not published: %w", day, a.base.Bucket, err))
	}
	var joined []*assembly
	for _, a := range b.of(day) {
		if a.stage == nil {
			continue
		}
		if err := b.join(asking, ctx, a); err != nil {
			failed(a, err)
		} else if !a.nothingToPublish() {
			joined = append(joined, a)
		}
	}
	for _, a := range joined {
		err := b.publish(ctx, a)
		if errors.Is(err, schema.ErrSuperseded) {
			err = b.superseded(ctx, a)
		}
		if err != nil {
			failed(a, err)
			continue
		}
		if b.spansWindows() {
			b.evidence.Place(a.at(), a.settlements)
		}
	}
	for other := range b.joined {
		if b.needed(other) {
			continue
		}
		for _, a := range b.of(other) {
			a.close()
			delete(b.assemblies, a.at())
		}
		b.evidence.Forget(other)
	}
	return errors.Join(faults...)
}

// needed says that a day that is still to be joined looks at this one.
func (b *builder) needed(day schema.Day) bool {
	for _, base := range b.plan.Bases {
		if !b.joined[base.Day] && max(day-base.Day, base.Day-day) <= b.evidence.Window() {
			return true
		}
	}
	return false
}

// publish publishes one partition, and counts it.
func (b *builder) publish(ctx context.Context, a *assembly) error {
	for i := range a.m.Units {
		// What all days of the run have taught stands in each of them.
		if uses := b.plan.Rules[a.m.Units[i].Account.ID]; b.Settle.Trade != nil && uses != nil {
			a.m.Units[i].Rules = uses
		}
	}
	unchanged, err := a.publish(ctx)
	if err != nil {
		return err
	}
	m := a.m
	if unchanged {
		m = a.base.Manifest
	}
	b.summary.addPublished(m, unchanged, false)
	b.Progress.PartitionPublished()
	return nil
}

// join gives the partition's bills their verdicts, and notes what was restated.
func (b *builder) join(asking, ctx context.Context, a *assembly) error {
	j := &joiner{
		evidence: b.evidence, rules: &b.Rules, at: a.at(), buckets: b.Buckets,
		certified: make(map[schema.AccountID]*schema.Certificate), claimed: make(map[schema.SettlementKey]string), written: make(map[string]schema.Status),
		out: a.stage.Append, m: a.m, entries: make(map[schema.AccountID]*schema.Entry),
	}
	for i := range a.m.Units {
		j.entries[a.m.Units[i].Account.ID] = &a.m.Units[i]
	}
	if b.Rules.Configured {
		var err error
		if j.elsewhere, err = b.evidence.BillsElsewhere(ctx, a.at()); err != nil {
			return err
		}
		if err := b.evidence.LoadAnswers(ctx, a.base.Day); err != nil {
			return err
		}
	}
	if m := a.base.Manifest; m != nil && !b.Rules.Configured && slices.ContainsFunc(schema.Verdicts, func(v schema.Verdict) bool { return v != schema.NotApplicable && m.Verdicts[v] > 0 }) {
		b.Log.Warn("the job has no settlements: section, and the day's verdicts become not_applicable", "bill_date", a.base.Day, "bucket", a.base.Bucket)
	}
	for _, base := range b.plan.Bases { // an order may be asked for under an account of another bucket
		if other := b.assemblies[schema.Partition{Day: a.base.Day, Bucket: base.Bucket}]; base.Day == a.base.Day && other != nil {
			for _, e := range other.m.Units {
				j.certified[e.Account.ID] = e.Certificate
			}
		}
	}
	if err := j.join(ctx, a.stage.Bills); err != nil {
		return err
	}
	if b.Rules.Configured && a.base.Bucket == schema.NoAccount.Bucket(b.Buckets) {
		unmatched, err := b.unmatched(asking, ctx, a.base.Day)
		if err != nil {
			return err
		}
		if err := j.addUnmatched(ctx, unmatched); err != nil {
			return err
		}
	}
	if b.Rules.Configured {
		if err := b.keepPaid(ctx, a, j); err != nil {
			return err
		}
	}
	a.settlements = j.written
	return a.restate(ctx, func(r *schema.Restatement) error {
		if r.NewGeneration > a.base.Generation() {
			b.summary.Restated[r.Change]++
		}
		return j.out(r)
	})
}

type partition struct {
	day    schema.Day
	bucket int
}
