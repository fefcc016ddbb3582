package pipeline

import (
	"context"
	"slices"

	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/spans"
	"billwalk/schema"
)

// joinDay joins all of the day's partitions, then publishes them, and forgets the days that
// no other day needs any more. What cannot be published is added to the faults.
func (t *steps) joinDay(calling, lasting context.Context, day schema.Day, f *faults) {
	t.joined[day] = true
	lasting, end := spans.Start(lasting, "publish", "bill_date", day.String())
	var last error
	defer func() { end(last) }()
	failed := func(p *build.Partition, err error) {
		last = err
		t.run.Log.Error("not published", "bill_date", day, "bucket", p.At().Bucket, "error", err)
		f.add(notPublished(p, err))
	}
	var joined []*build.Partition
	for _, p := range t.builder.Partitions(day) {
		if !p.Staged() {
			continue
		}
		if p.Neighbour() {
			if err := t.placeNeighbour(lasting, p); err != nil {
				failed(p, err)
			}
			continue
		}
		if err := t.join(calling, lasting, p); err != nil {
			failed(p, err)
		} else if !p.NothingToPublish() {
			joined = append(joined, p)
		}
	}
	t.neighbours.awaitJoined(lasting, day)
	for _, p := range joined {
		if err := t.publish(lasting, p); err != nil {
			failed(p, err)
		}
	}
	for other := range t.joined {
		if !t.needed(other) {
			t.builder.Release(other)
			t.evidence.Forget(other)
		}
	}
}

// join gives the partition's bills their verdicts, and adds what was restated.
func (t *steps) join(calling, lasting context.Context, p *build.Partition) error {
	if err := p.Join(lasting); err != nil {
		return err
	}
	if p.HoldsUnmatched() {
		unmatched, err := t.unmatched(calling, lasting, p.At().Day)
		if err != nil {
			return err
		}
		if err := p.AddUnmatched(lasting, unmatched); err != nil {
			return err
		}
	}
	if err := t.addStores(lasting, p); err != nil {
		return err
	}
	err := p.AddRestatements(lasting)
	for change, n := range p.Restated() {
		t.summary.Restated[change] += n
	}
	if err != nil {
		return err
	}
	return p.AddWithdrawals(lasting)
}

// addStores adds the stores of the partition's accounts, once all lists have been fetched.
func (t *steps) addStores(ctx context.Context, p *build.Partition) error {
	t.stores.Wait()
	failures, err := p.AddStores(ctx, t.run.Archive, t.run.Stores.Wanted)
	for _, f := range failures {
		t.run.Log.Error("the stores of an account cannot be read back", "account_id", f.Account, "bill_date", f.Day, "reason", f.Reason)
	}
	t.stores.Fail(failures...)
	return err
}

// unmatched returns the day's unmatched settlements, once those were queried that are to
// be confirmed.
func (t *steps) unmatched(calling, lasting context.Context, day schema.Day) ([]evidence.Unmatched, error) {
	unmatched, err := t.evidence.Unmatched(lasting, day)
	if err != nil || len(unmatched) == 0 {
		return nil, err
	}
	if t.run.Settle.Trade != nil {
		counts, failure, err := t.settler.Confirm(calling, lasting, day, unmatched)
		if err != nil {
			return nil, err
		}
		t.summary.Settling.Add(settle.Counts{Asked: counts.Asked, SettlementOnly: counts})
		if failure != nil {
			t.failures = append(t.failures, *failure)
		}
	}
	return t.evidence.JoinUnmatched(lasting, day, unmatched)
}

// publish publishes one partition, and counts it.
func (t *steps) publish(ctx context.Context, p *build.Partition) error {
	for i := range p.Entries() {
		// What all days of the run have taught about the match rules stands in each of them.
		e := &p.Entries()[i]
		if uses := t.plan.Rules[e.Account.ID]; t.run.Settle.Trade != nil && uses != nil {
			e.Rules = uses
		}
	}
	published, err := p.Publish(ctx)
	if err != nil {
		return err
	}
	for day, orders := range p.Left() {
		t.summary.addToReplay(day, orders)
	}
	t.summary.addPublished(published.Manifest, published.Unchanged, published.Superseded)
	t.run.Progress.PartitionPublished()
	if t.run.spansWindows() {
		t.evidence.Place(p.At(), p.Settlements())
	}
	return nil
}

// placeNeighbour notes which settlements count in a partition of another shard: on a later day that
// is further away than the lookback they do not count again.
func (t *steps) placeNeighbour(ctx context.Context, p *build.Partition) error {
	if !t.run.Rules.Configured || !t.run.spansWindows() {
		return nil
	}
	n := t.neighbours
	err := p.Place(ctx, func(bills []reconcile.Bill) bool { return t.evidence.HasIDs(bills, n.ids) })
	if err == nil {
		t.evidence.Place(p.At(), p.Settlements())
	}
	return err
}

// needed reports whether a day that is still to be joined looks at this one.
func (t *steps) needed(day schema.Day) bool {
	return slices.ContainsFunc(t.builder.Bases(), func(b schema.Base) bool {
		return !t.joined[b.Day] && max(day-b.Day, b.Day-day) <= t.evidence.Window()
	})
}
