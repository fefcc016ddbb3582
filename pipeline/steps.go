package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/spans"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/stores"
	"billwalk/pipeline/unreadable"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// steps takes the days of a run through the steps after the walk. A day is staged and its
// orders are queried as soon as its units have ended. It is joined and published when all
// days of its window have come so far, since an order may have bills on several of them.
type steps struct {
	run        *Run
	plan       Plan
	summary    *Summary
	evidence   *evidence.Evidence
	settler    *settle.Settler
	recent     *walk.Recent // what is walked, for the builder
	builder    *build.Builder
	stores     *stores.Night
	neighbours *neighbours         // other shards of the run; nil where there are none
	settled    map[schema.Day]bool // days that are staged, and whose orders have been queried
	joined     map[schema.Day]bool // days that are done: published, or failed
	failures   []schema.Failure    // of queries and callbacks
}

func (r *Run) newSteps(plan Plan, refetch *refetchPolicy, s *Summary, began time.Time, n *neighbours) (*steps, error) {
	t := &steps{run: r, plan: plan, summary: s, neighbours: n, settled: make(map[schema.Day]bool), joined: make(map[schema.Day]bool)}
	config := evidence.Config{
		Archive: r.Archive, Lake: r.Lake, Bills: t.bills, Rules: &r.Rules, AppIDs: r.AppIDs, Buckets: r.Buckets,
		Days: plan.days(), Replay: r.Settle.Trade == nil, Now: r.Now, Log: r.Log,
	}
	if n != nil {
		config.Bills, config.Wanted = n.bills, n.wanted
	}
	known, err := evidence.Open(config)
	if err != nil {
		return nil, err
	}
	t.evidence = known
	t.settler = &settle.Settler{
		Config: r.Settle, Archive: r.Archive, Evidence: known, Rules: &r.Rules, Halt: stop.NewHalt(r.Log), Log: r.Log, Now: r.Now, Progress: r.Progress,
		RunID: r.ID, Backfill: r.Backfill, LastLook: r.lastLook(), Started: s.StartedAt, Began: began, EndedWell: refetch.runEndedWell,
	}
	t.recent = r.newRecent()
	built := build.Config{
		RunID: r.ID, Job: r.Job, Accounts: r.Accounts, Buckets: r.Buckets, Archive: t.recent, Lake: r.Lake, Tables: r.Lake, Evidence: known,
		Rows: r.Rows, Rules: &r.Rules, Now: r.Now, Log: r.Log,
	}
	if n != nil {
		built.Accounts, built.Owns, built.FindNeighbours = r.JobAccounts, n.owns, n.findQueries
	}
	t.builder = build.New(built, plan.Bases)
	if n != nil {
		n.evidence, n.builder = t.evidence, t.builder
	}
	t.stores = &stores.Night{
		Config: r.Stores, Lister: stores.Lister{Archive: r.Archive, RunID: r.ID, Now: r.Now, Log: r.Log},
		Accounts: r.Accounts, Day: r.To, InFlight: r.InFlight, Keeper: unreadable.Keeper{Archive: r.Archive, RunID: r.ID, Log: r.Log},
	}
	return t, nil
}

// close removes what is left in local files of the days that an interruption cut.
func (t *steps) close() {
	t.builder.Close()
	t.evidence.Close()
}

// bills reads the bills of a partition: staged, else as published.
func (t *steps) bills(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
	return t.builder.Bills(ctx, at, columns...)
}

// loadEvidence loads the callbacks of the run's days and their windows, and where
// settlements stand. Where callbacks are damaged their orders are queried, and the run is
// incomplete.
func (t *steps) loadEvidence(ctx context.Context) error {
	damaged, err := t.evidence.LoadCallbacks(ctx)
	if err != nil {
		return fmt.Errorf("reading callbacks: %w", err)
	}
	days := slices.Sorted(slices.Values(t.plan.days()))
	if damaged != nil {
		t.failures = append(t.failures, schema.Failure{
			Day: days[0], Reach: schema.ReachUnit, Error: schema.CodeDamaged, Reason: "callbacks: " + damaged.Error(),
			Hint:   "the orders are queried; restore the objects to get the unmatched settlements, or move them away",
			HintZH: "订单照常查询；要得到无账单的分账，请恢复这些对象，或将其移走",
		})
	}
	t.summary.Callbacks = t.evidence.CallbackCounts()
	if t.evidence.CallbacksReceived() {
		if err := t.builder.AddUnmatchedBases(ctx, days); err != nil {
			return fmt.Errorf("reading callbacks: %w", err)
		}
	}
	if !t.run.Rules.Configured || t.run.PublishedDays == nil {
		return nil
	}
	published, err := t.run.PublishedDays(ctx)
	if err != nil {
		return err
	}
	built := make(map[schema.Partition]time.Time)
	for _, m := range t.builder.Published() {
		built[schema.Partition{Day: m.Day, Bucket: m.Bucket}] = m.PublishedAt
	}
	return t.evidence.LoadStandings(ctx, published, built)
}

// take takes the units as they end, and their days from step to step. calling ends before
// ctx, at the deadline; lasting ends later than both, for what is in flight.
func (t *steps) take(ctx, calling, lasting context.Context, outcomes iter.Seq[walk.Outcome]) error {
	left := make(map[schema.Day]int) // units that have not ended
	for _, u := range t.plan.Units {
		left[u.Day]++
	}
	var f faults
	for o := range outcomes {
		if err := t.builder.Load(lasting, o); err != nil {
			f.add(err)
			return f.err()
		}
		if left[o.Unit.Day]--; left[o.Unit.Day] == 0 {
			t.neighbours.hasWalked(lasting, o.Unit.Day)
		}
		for _, day := range t.toSettle(left) {
			if ctx.Err() == nil && t.neighbours.mayStage(lasting, day) { // what an interruption cut, the next run resumes
				f.add(t.settleDay(calling, lasting, day))
				t.settled[day] = true
			}
		}
		if t.neighbours != nil {
			continue
		}
		for day, ok := t.toJoin(left); ok && ctx.Err() == nil; day, ok = t.toJoin(left) {
			t.joinDay(calling, lasting, day, &f)
		}
	}
	if t.neighbours != nil && ctx.Err() == nil {
		t.takeTogether(ctx, calling, lasting, left, &f)
	}
	return f.err()
}

// takeTogether takes the days, of which all units have ended, through what is left of the steps,
// together with the other shards.
func (t *steps) takeTogether(ctx, calling, lasting context.Context, left map[schema.Day]int, f *faults) {
	n := t.neighbours
	for _, day := range t.toSettle(left) {
		if n.staysForWalks() {
			n.await(ctx, walked(day))
		}
		if ctx.Err() != nil {
			return // what an interruption cut, the next run resumes
		}
		f.add(t.settleDay(calling, lasting, day))
		t.settled[day] = true
	}
	if t.run.Rules.Configured && ctx.Err() == nil {
		err := n.exchange(ctx)
		if err == nil {
			err = t.askAgain(ctx, calling, lasting)
		}
		if err != nil && ctx.Err() == nil {
			f.add(fmt.Errorf("what orders have in common with other shards: %w", err))
			return
		}
	}
	for day, ok := t.toJoin(left); ok && ctx.Err() == nil; day, ok = t.toJoin(left) {
		t.joinDay(calling, lasting, day, f)
	}
}

// askAgain queries the orders that are due by what all shards know of them. Which those are was
// not known when each shard queried its own.
func (t *steps) askAgain(ctx, calling, lasting context.Context) error {
	n := t.neighbours
	if len(n.read) == 0 || t.run.Settle.Trade == nil {
		n.pass(lasting, asked)
		return nil
	}
	t.settler.Again = true
	for _, day := range t.plan.days() {
		if err := t.queryOrders(calling, lasting, day); err != nil {
			return err
		}
	}
	n.pass(lasting, asked)
	n.await(ctx, asked)
	return n.evidence.Reload()
}

// toSettle returns the days whose units have ended, in the order of the plan: what one
// teaches about the match rules serves the next.
func (t *steps) toSettle(left map[schema.Day]int) (days []schema.Day) {
	for _, day := range t.plan.days() {
		if left[day] > 0 {
			break
		}
		if !t.settled[day] {
			days = append(days, day)
		}
	}
	return days
}

// toJoin returns the newest day that can be joined now, if there is one. Where an order's
// bills are further apart than the window, the earlier day takes the settlements, and is
// published first.
func (t *steps) toJoin(left map[schema.Day]int) (schema.Day, bool) {
	window := t.evidence.Window()
	for _, day := range slices.Backward(slices.Sorted(maps.Keys(t.settled))) {
		ready := !t.joined[day]
		for other := range left {
			ready = ready && (t.settled[other] || max(day-other, other-day) > window) && (t.joined[other] || !t.goesFirst(other, day))
		}
		if ready {
			return day, true
		}
	}
	return 0, false
}

// goesFirst reports whether a day must be published before another one.
func (t *steps) goesFirst(earlier, day schema.Day) bool {
	return t.run.Rules.Configured && day-earlier > schema.Day(t.run.Rules.Lookback)
}

// settleDay stages the day's bills, and queries their orders.
func (t *steps) settleDay(calling, lasting context.Context, day schema.Day) (err error) {
	calling, end := spans.Start(calling, "settle", "bill_date", day.String())
	defer func() { end(err) }()
	var faults []error
	if err := t.neighbours.stage(lasting, day); err != nil {
		return err
	}
	if err := t.builder.OpenUnmatched(lasting, day); err != nil {
		return err
	}
	for _, p := range t.builder.Partitions(day) {
		if err := p.Stage(lasting); err != nil {
			t.run.Log.Error("not built", "bill_date", day, "bucket", p.At().Bucket, "error", err)
			faults = append(faults, notPublished(p, err))
		}
	}
	t.evidence.ForgetBills(day) // those that were published: others are staged
	if t.run.Settle.Trade != nil {
		if err := t.queryOrders(calling, lasting, day); err != nil {
			faults = append(faults, fmt.Errorf("settlements of %s: %w", day, err))
		}
	}
	return errors.Join(faults...)
}

func notPublished(p *build.Partition, err error) error {
	return fmt.Errorf("day %s, bucket %d is not published: %w", p.At().Day, p.At().Bucket, err)
}

// queryOrders queries the day's orders, those of the job's own accounts.
func (t *steps) queryOrders(calling, lasting context.Context, day schema.Day) error {
	if err := t.evidence.LoadAnswers(lasting, day); err != nil {
		return err
	}
	var partitions []settle.Partition
	var units []settle.Unit
	entries := make(map[schema.AccountID]*schema.Entry)
	for _, p := range t.builder.Partitions(day) {
		if !p.Staged() {
			continue
		}
		partitions = append(partitions, settle.Partition{At: p.At(), Orders: p.Orders()})
		for _, account := range t.run.Accounts {
			if e := p.Entry(account.ID); e != nil {
				entries[account.ID] = e
				if e.State == schema.Complete && !t.settler.Again {
					t.run.Progress.SettleBills(e.Certificate.Bills)
				}
				units = append(units, settle.Unit{Account: e.Account, Certificate: e.Certificate, Uses: t.plan.Rules[account.ID]})
			}
		}
	}
	outcomes, saved, err := t.settler.Day(calling, lasting, day, partitions, units)
	for id, o := range outcomes {
		entries[id].Orders, t.plan.Rules[id] = o.Orders, o.Uses
		if day < t.run.From {
			o.Lookback.Orders, o.Lookback.Asked = o.Orders, o.Asked
		}
		if t.settler.Again {
			o.Counts = o.Counts.Queried()
		}
		t.summary.Settling.Add(o.Counts)
		if o.Failure != nil {
			t.failures = append(t.failures, *o.Failure)
		}
	}
	if !t.settler.Again {
		t.summary.Settling.Saved.Distinct += saved
	}
	return err
}

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
		if !p.Staged() || p.Neighbour() {
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
	t.summary.addPublished(published.Manifest, published.Unchanged, published.Superseded)
	t.run.Progress.PartitionPublished()
	if t.run.spansWindows() {
		t.evidence.Place(p.At(), p.Settlements())
	}
	return nil
}

// needed reports whether a day that is still to be joined looks at this one.
func (t *steps) needed(day schema.Day) bool {
	return slices.ContainsFunc(t.builder.Bases(), func(b schema.Base) bool {
		return !t.joined[b.Day] && max(day-b.Day, b.Day-day) <= t.evidence.Window()
	})
}

// finish adds to the summary the failures of queries. The error is errStoppedToday where
// a quota, an outage or the deadline was why.
func (t *steps) finish() (err error) {
	t.settler.Halt.LogAffected()
	t.summary.Callbacks = t.evidence.CallbackCounts()
	slices.SortFunc(t.failures, func(a, b schema.Failure) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account))
	})
	for _, f := range t.failures {
		t.summary.Failures = append(t.summary.Failures, f)
		if f.Reach == schema.ReachToday {
			err = errStoppedToday
		}
	}
	return err
}

// withdrawals fetches and publishes the withdrawals, and adds what was found to the summary.
func (t *steps) withdrawals(ctx, calling, lasting context.Context) error {
	if t.run.Withdrawals == nil || ctx.Err() != nil {
		return nil
	}
	n, err := t.run.night(lasting)
	if err != nil {
		return err
	}
	found, err := n.Do(calling, lasting)
	t.summary.Withdrawals = found
	var f faults
	f.add(err)
	for _, failure := range found.Failures {
		if failure.Reach == schema.ReachToday {
			f.add(errStoppedToday)
			break
		}
	}
	for _, a := range found.Amended {
		t.summary.addAmended(a.Before, a.After)
	}
	return f.err()
}
