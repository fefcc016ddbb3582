package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"billwalk/pipeline/build"
	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
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
		RunID: r.ID, Job: r.Job, Accounts: r.Accounts, Buckets: r.Buckets, Archive: r.Archive, Recent: t.recent, Lake: r.Lake, Tables: r.Lake, Evidence: known,
		Rows: r.Rows, Rules: &r.Rules, Now: r.Now, Log: r.Log,
	}
	if n != nil {
		built.Accounts, built.Owns, built.FindNeighbours = r.JobAccounts, n.owns, n.findQueries
	}
	t.builder = build.New(built, plan.Bases)
	if n != nil {
		n.evidence, n.builder, n.rules = t.evidence, t.builder, plan.Rules
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
