package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"billwalk/pipeline/claims"
	"billwalk/pipeline/shards"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/stores"
	"billwalk/schema"
)

// Plan returns what the run would do. It reads the lake and the archive, and makes no
// call.
func (r *Run) Plan(ctx context.Context) (Plan, error) {
	plan, refetch, err := r.makePlan(ctx, r.Now())
	if err == nil {
		err = r.estimateByNearestDays(ctx, &plan)
	}
	if err == nil && r.Archive != nil {
		err = r.addArchived(ctx, &plan, refetch)
	}
	if err == nil && r.Stores.Wanted && r.Archive != nil {
		plan.StoreCalls, err = stores.Calls(ctx, r.Archive, r.Accounts, r.To, plan.Bases)
	}
	if err == nil && r.Withdrawals != nil && r.PublishedDays != nil {
		plan.WithdrawalCalls, err = r.withdrawalCalls(ctx)
	}
	return plan, err
}

// makePlan returns the plan of a run that started then, and its refetch policy.
func (r *Run) makePlan(ctx context.Context, started time.Time) (Plan, *refetchPolicy, error) {
	plan, err := MakePlan(ctx, r.Lake, r.Accounts, r.Days(), r.Buckets)
	if err != nil {
		return plan, nil, err
	}
	if r.Rules.Configured && r.spansWindows() { // the earlier day goes first: see goesFirst
		slices.SortStableFunc(plan.Units, func(a, b PlannedUnit) int { return cmp.Compare(a.Day, b.Day) })
	}
	if last := r.lastLook(); r.Settle.FinalCheck && last.Valid {
		plan.addFinalCheck(last.V)
	}
	refetch := newRefetchPolicy(r, plan, started)
	for i := range plan.Units {
		u := &plan.Units[i]
		c, _, _ := plan.published(u.Unit)
		if c == nil {
			continue
		}
		if u.Current, err = refetch.isCurrent(ctx, u.Unit, c); err != nil {
			return plan, nil, err
		}
	}
	return plan, refetch, nil
}

// Do walks, settles, builds and publishes. When ctx ends, what is in flight is made
// durable and nothing new is begun. The summary has the exit code, and what became of
// every unit and partition; the error is what made the run fail as a whole.
func (r *Run) Do(ctx context.Context) (*Summary, error) {
	started, calls := r.Now(), r.recordCalls()
	s := newSummary(r, started)
	// What is in flight when ctx ends is still made durable.
	lasting, cancel := stop.Outlast(ctx, stop.Grace)
	defer cancel()

	err := r.do(ctx, lasting, s)
	ended := r.Now()
	s.ElapsedSeconds, s.Seconds = ended.Sub(started).Seconds(), calls.seconds(started, ended)
	if r.Calls != nil {
		s.Calls = r.Calls()
	}
	found := r.Progress.Counts()
	s.Archived = Archived{found.UnitsFound, found.PagesFound}
	s.ExitCode = exitCode(ctx, r.incomplete(s.Failures) || s.Withdrawals != nil && r.incomplete(s.Withdrawals.Failures), err)
	return s, err
}

// incomplete reports whether a failure is not expected.
func (r *Run) incomplete(failures []schema.Failure) bool {
	return slices.ContainsFunc(failures, func(f schema.Failure) bool { return r.Expected == nil || !r.Expected(f) })
}

// do walks the units of the plan, and settles, builds and publishes their days as they
// end. Calls to the platform stop at the deadline; lasting ends later, for what is in flight.
func (r *Run) do(ctx, lasting context.Context, s *Summary) error {
	calling := ctx
	if r.Walk.Source != nil && r.Deadline > 0 {
		var cancel context.CancelFunc
		calling, cancel = context.WithTimeoutCause(ctx, r.Deadline, stop.ErrDeadline)
		defer cancel()
	}
	others, leave, err := r.claim(calling)
	defer leave()
	if err != nil {
		return err
	}
	together, err := r.enter(lasting)
	if err != nil {
		return err
	}
	defer together.leave()
	begun := r.Now()
	plan, refetch, err := r.makePlan(lasting, s.StartedAt)
	if err != nil {
		return fmt.Errorf("reading what is published: %w", err)
	}
	if others {
		r.Log.Info("another run is at work on some of these days: this one begins at the other end, and takes what that one has walked")
		slices.Reverse(plan.Units)
	}
	pages, _, _ := plan.Pages()
	r.Progress.Expect(len(plan.Units), pages*r.Walk.Passes)

	t, err := r.newSteps(plan, refetch, s, begun, together)
	if err != nil {
		return err
	}
	defer t.close()
	t.stores.Begin(calling, lasting)
	defer func() { s.Stores = t.stores.Lists() }()
	if together != nil {
		foreign := slices.DeleteFunc(schema.BucketsOf(r.JobAccounts, r.Buckets), together.owns)
		published, err := readEach(lasting, r.Days(), foreign, r.Lake.Manifest)
		if err != nil {
			return fmt.Errorf("reading what is published of other shards: %w", err)
		}
		t.builder.AddForeign(published...)
	}
	if err := t.loadEvidence(lasting); err != nil {
		return err
	}
	err = t.take(ctx, calling, lasting, r.schedule(calling, lasting, plan, refetch, t.recent).outcomes)
	err = joinWithdrawals(err, t.withdrawals(ctx, calling, lasting))
	return errors.Join(err, s.addUnits(plan, t.builder.Outcomes()), t.finish(), together.err())
}

// claim makes the run known to the other runs on the lake. A replay fetches nothing, and is none's concern but that of
// the shards that it would wait for.
func (r *Run) claim(ctx context.Context) (others bool, leave func(), err error) {
	if r.Walk.Source == nil && r.Shard.Whole() {
		return false, func() {}, nil
	}
	days, shared := r.Days(), 0
	if !r.Shard.Whole() {
		shared = r.Shard.Count
	}
	others, leave, err = r.Claims.Enter(ctx, claims.Claim{
		RunID: r.ID, Job: r.Job, From: days[0], To: days[len(days)-1], Shards: shared,
		Buckets: schema.BucketsOf(r.Accounts, r.Buckets), Accounts: claims.HashAccounts(r.Accounts),
	}, r.Log)
	return others && r.Walk.Source != nil, leave, err
}

// enter makes the run known to the other shards. It returns nil where there are none, or this
// one has no account.
func (r *Run) enter(ctx context.Context) (*neighbours, error) {
	if r.Shard.Whole() || r.Shared == nil || len(r.Accounts) == 0 {
		return nil, nil
	}
	days := r.Days()
	night, err := shards.Enter(ctx, shards.Config{
		Shard: r.Shard, Peers: r.Shard.Peers(r.JobAccounts, r.Buckets), Open: r.Shared, From: days[0], To: days[len(days)-1], RunID: r.ID, Rates: r.Rates, Log: r.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("the shards of the run: %w", err)
	}
	r.Night = night
	n := &neighbours{
		night: night, accounts: r.Accounts, days: days, buckets: r.Buckets, log: r.Log, owns: r.Shard.Buckets(r.JobAccounts, r.Buckets),
		overlap: r.Shard.Overlap(r.JobAccounts, r.Buckets), read: make(map[schema.Partition]bool), gone: make(map[int]bool),
	}
	if r.Divide != nil && r.Settle.Trade != nil {
		n.divides, n.divide = true, r.divideQueries
	}
	return n, nil
}

// withdrawalCalls returns how many calls of the withdrawal API a run makes at least: one for
// each list that is not final, of the payees that are known so far.
func (r *Run) withdrawalCalls(ctx context.Context) (int, error) {
	n, err := r.night(ctx)
	if err != nil {
		return 0, err
	}
	return n.Calls(ctx, r.Days())
}
