package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// grace is how long a run that is told to stop may take to make durable what it
// has in hand.
const grace = 12 * time.Second

// Run is one run of a job over a range of days.
type Run struct {
	ID       string
	Job      string
	Accounts []schema.Account
	From, To schema.Day // both included
	Lookback int        // days before From that are looked at again
	Buckets  int        // of the lake
	PageSize int
	Passes   int // equal walks in a row that a unit needs

	Source  Source // nil replays: the archive is all there is
	Archive Archive
	Lake    Lake
	Rows    normalise.Normaliser

	InFlight    int           // units walked side by side
	Deadline    time.Duration // of walking; 0 is none
	AllowShrink bool
	Now         func() time.Time
	Log         *slog.Logger
	Progress    *Progress
	Calls       func() Calls // counts of the source
}

// Days returns the days that the run looks at.
func (r *Run) Days() []schema.Day {
	var days []schema.Day
	for day := r.From - schema.Day(r.Lookback); day <= r.To; day++ {
		days = append(days, day)
	}
	return days
}

// Plan returns what the run would do. It asks the platform nothing.
func (r *Run) Plan(ctx context.Context) (Plan, error) {
	return MakePlan(ctx, r.Lake, r.Accounts, r.Days(), r.Buckets)
}

// Do walks, builds and publishes. When ctx ends, what is in flight is made
// durable and nothing new is begun. The summary tells what became of everything,
// and the exit code; the error is what made the run fail as a whole.
func (r *Run) Do(ctx context.Context) (*Summary, error) {
	started := r.Now()
	s := newSummary(r, started)
	// Work goes on for a while after ctx ends, to make durable what is in hand.
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()

	err := r.do(ctx, hard, s)
	s.ElapsedSeconds = r.Now().Sub(started).Seconds()
	if r.Calls != nil {
		s.Calls = r.Calls()
	}
	s.ExitCode = exitCode(ctx, s, err)
	return s, err
}

// errStoppedToday ends a run that a quota or the deadline stopped.
var errStoppedToday = errors.New("stopped by quota or deadline; run again to go on")

func exitCode(ctx context.Context, s *Summary, err error) int {
	switch {
	case ctx.Err() != nil:
		var signal interface{ ExitCode() int }
		if errors.As(context.Cause(ctx), &signal) {
			return signal.ExitCode()
		}
		return ExitInterrupted
	case errors.Is(err, errStoppedToday):
		return ExitStopped
	case errors.Is(err, schema.ErrSuperseded):
		return ExitSuperseded
	case err != nil:
		return ExitFailed
	case s.Units.Failed > 0:
		return ExitIncomplete
	default:
		return ExitDone
	}
}

func (r *Run) do(ctx, hard context.Context, s *Summary) error {
	plan, err := r.Plan(hard)
	if err != nil {
		return fmt.Errorf("reading what is published: %w", err)
	}
	settled, err := r.settled(hard, plan)
	if err != nil {
		return fmt.Errorf("reading the summaries of earlier runs: %w", err)
	}
	pages, _ := plan.Pages()
	r.Progress.units.Store(int64(len(plan.Units)))
	r.Progress.pagesExpected.Store(int64(pages * r.Passes))

	b := &builder{
		archive: r.Archive, lake: r.Lake, rows: r.Rows, now: r.Now, log: r.Log,
		runID: r.ID, job: r.Job, buckets: r.Buckets, accounts: r.Accounts,
	}
	results := make(map[schema.Unit]result)
	var faults []error
	for done := range r.finished(ctx, hard, plan, settled) {
		results[done.unit] = done.result
		if !dayDone(plan, results, done.unit.Day) {
			continue
		}
		for _, base := range plan.Bases {
			if base.Day != done.unit.Day || ctx.Err() != nil {
				continue
			}
			m, err := b.publish(hard, base, results)
			if err != nil {
				r.Log.Error("not published", "bill_date", base.Day, "bucket", base.Bucket, "error", err)
				faults = append(faults, fmt.Errorf("day %s, bucket %d is not published: %w", base.Day, base.Bucket, err))
				continue
			}
			if m != nil {
				s.published(m)
				r.Progress.partitions.Add(1)
			}
		}
	}
	return errors.Join(append(faults, r.account(s, plan, results))...)
}

// account notes what became of every unit.
func (r *Run) account(s *Summary, plan Plan, results map[schema.Unit]result) error {
	var stopped error
	for _, u := range plan.Units {
		done, ok := results[u.Unit]
		if !ok {
			continue // interrupted before it ended: the next run goes on with it
		}
		s.unit(done)
		if done.failure != nil && done.failure.Reach == schema.ReachToday {
			stopped = errStoppedToday
		}
	}
	slices.SortStableFunc(s.Partitions, func(a, b schema.Object) int { return int(a.Day - b.Day) })
	return stopped
}

func dayDone(plan Plan, results map[schema.Unit]result, day schema.Day) bool {
	for _, u := range plan.Units {
		if _, ok := results[u.Unit]; u.Day == day && !ok {
			return false
		}
	}
	return true
}
