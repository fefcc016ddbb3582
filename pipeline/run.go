package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"billwalk/pipeline/claims"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Run is one run of a job over a range of days.
type Run struct {
	ID       string
	Job      string
	Accounts []schema.Account
	From, To schema.Day // both included
	Lookback int        // days before From that are looked at again
	Buckets  int        // of the lake

	Walk    walk.Config // without a Source the run replays: the archive is all there is
	Trade   Trade       // nil asks for no settlements
	Archive Archive
	Lake    Lake
	Claims  claims.Register

	// PublishedDays returns the lake's published days, ascending; a plan estimates by
	// them. nil knows of none.
	PublishedDays func(context.Context) ([]schema.Day, error)

	Rows   normalise.Normaliser
	AppIDs schema.AppIDs // whose callbacks count
	Rules  reconcile.Rules

	TradeInFlight int  // orders asked for side by side
	FinalCheck    bool // orders that agree are asked for once more, when their lookback ends

	InFlight int           // units walked side by side
	Backfill bool          // days that are whole are not walked again, unless a run that ended well has published them
	Deadline time.Duration // of walking; 0 is none
	Now      func() time.Time
	Log      *slog.Logger
	Progress *progress.Counter
	Calls    func() Calls // counts of the source
}

// Days returns the days that the run looks at.
func (r *Run) Days() []schema.Day {
	var days []schema.Day
	for day := r.From - schema.Day(r.Lookback); day <= r.To; day++ {
		days = append(days, day)
	}
	return days
}

// Plan returns what the run would do. It asks the platform nothing, and beside the
// lake looks at the archive.
func (r *Run) Plan(ctx context.Context) (Plan, error) {
	plan, refetch, err := r.planned(ctx, r.Now())
	if err == nil {
		err = r.fromOtherDays(ctx, &plan)
	}
	if err == nil && r.Walk.Archive != nil {
		err = r.fromArchive(ctx, &plan, refetch)
	}
	return plan, err
}

// planned returns the plan of a run that started then, and what it knows of walks
// that were seen to.
func (r *Run) planned(ctx context.Context, started time.Time) (Plan, *refetchPolicy, error) {
	plan, err := MakePlan(ctx, r.Lake, r.Accounts, r.Days(), r.Buckets)
	if err != nil {
		return plan, nil, err
	}
	if r.Rules.Configured && r.spansWindows() { // see before
		slices.SortStableFunc(plan.Units, func(a, b PlannedUnit) int { return cmp.Compare(a.Day, b.Day) })
	}
	if last := r.lastLook(); r.FinalCheck && last.Valid {
		plan.addFinalCheck(last.V)
	}
	refetch := newRefetchPolicy(r, plan, started)
	for i := range plan.Units {
		u := &plan.Units[i]
		c, _, _ := plan.published(u.Unit)
		if c == nil {
			continue
		}
		if u.Whole, err = refetch.isCurrent(ctx, u.Unit, c); err != nil {
			return plan, nil, err
		}
	}
	return plan, refetch, nil
}

// Do walks, builds and publishes. When ctx ends, what is in flight is made
// durable and nothing new is begun. The summary tells what became of everything,
// and the exit code; the error is what made the run fail as a whole.
func (r *Run) Do(ctx context.Context) (*Summary, error) {
	started := r.Now()
	s := newSummary(r, started)
	// Work goes on for a while after ctx ends, to make durable what is in hand.
	hard, cancel := stop.Outlast(ctx, stop.Grace)
	defer cancel()

	err := r.do(ctx, hard, s)
	s.ElapsedSeconds = r.Now().Sub(started).Seconds()
	if r.Calls != nil {
		s.Calls = r.Calls()
	}
	s.ExitCode = exitCode(ctx, s, err)
	return s, err
}

// errStoppedToday ends a run that a quota or the deadline stopped.
var errStoppedToday = errors.New("stopped by quota, deadline or outage; run again to go on")

func exitCode(ctx context.Context, s *Summary, err error) int {
	switch {
	case ctx.Err() != nil:
		var signal interface{ ExitCode() int }
		if errors.As(context.Cause(ctx), &signal) {
			return signal.ExitCode()
		}
		return ExitInterrupted
	case errors.Is(err, claims.ErrDenied):
		return ExitConfig
	case errors.Is(err, errStoppedToday):
		return ExitStopped
	case err != nil && onlySuperseded(err):
		return ExitSuperseded
	case err != nil:
		return ExitFailed
	case len(s.Failures) > 0:
		return ExitIncomplete
	default:
		return ExitDone
	}
}

func (r *Run) do(ctx, hard context.Context, s *Summary) error {
	asking := ctx
	if r.Walk.Source != nil && r.Deadline > 0 {
		var cancel context.CancelFunc
		asking, cancel = context.WithTimeoutCause(ctx, r.Deadline, stop.ErrDeadline)
		defer cancel()
	}
	others, leave, err := r.claim(asking)
	defer leave()
	if err != nil {
		return err
	}
	begun := r.Now()
	plan, refetch, err := r.planned(hard, s.StartedAt)
	if err != nil {
		return fmt.Errorf("reading what is published: %w", err)
	}
	if others {
		r.Log.Info("another run is at work on some of these days: this one begins at the other end, and takes what that one has walked")
		slices.Reverse(plan.Units)
	}
	pages, _, _ := plan.Pages()
	r.Progress.Expect(len(plan.Units), pages*r.Walk.Passes)

	b, err := newBuilder(r, plan, refetch, s, begun)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.loadEvidence(hard); err != nil {
		return err
	}
	err = b.run(ctx, asking, hard, r.schedule(asking, hard, plan, refetch).outcomes)
	s.Callbacks = b.evidence.CallbackCounts()
	return errors.Join(err, r.account(s, plan, b.results), b.stopped())
}

// claim makes the run known to the other runs on the lake, unless it fetches nothing.
func (r *Run) claim(ctx context.Context) (others bool, leave func(), err error) {
	if r.Walk.Source == nil {
		return false, func() {}, nil
	}
	days := r.Days()
	return r.Claims.Enter(ctx, claims.Claim{
		RunID: r.ID, Job: r.Job, From: days[0], To: days[len(days)-1],
		Buckets: schema.BucketsOf(r.Accounts, r.Buckets), Accounts: claims.HashAccounts(r.Accounts),
	}, r.Log)
}

// account notes what became of every unit.
func (r *Run) account(s *Summary, plan Plan, results map[schema.Unit]walk.Outcome) error {
	var stopped error
	for _, u := range plan.Units {
		done, ok := results[u.Unit]
		if !ok {
			continue // interrupted before it ended: the next run goes on with it
		}
		s.unit(done)
		if done.Failure != nil && done.Failure.Reach == schema.ReachToday {
			stopped = errStoppedToday
		}
	}
	slices.SortStableFunc(s.Partitions, func(a, b schema.Object) int { return int(a.Day - b.Day) })
	return stopped
}
