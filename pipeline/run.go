package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// A run that is told to stop ends within 20 s.
const (
	grace      = 12 * time.Second // for what is in flight
	flushGrace = 6 * time.Second  // then, for storing what was fetched
)

// outlasting returns a context that ends some time after its parent does.
func outlasting(parent context.Context, by time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { time.AfterFunc(by, cancel) })
	return ctx, func() { stop(); cancel() }
}

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
	hard, cancel := outlasting(ctx, grace)
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

	results := make(map[schema.Unit]result)
	err = r.build(ctx, hard, plan, r.finished(ctx, hard, plan, settled), results, s)
	return errors.Join(err, r.account(s, plan, results))
}

// build loads units as they end, and publishes a day when its last one has.
func (r *Run) build(ctx, hard context.Context, plan Plan, finished iter.Seq[ended], results map[schema.Unit]result, s *Summary) error {
	b := &builder{
		archive: r.Archive, lake: r.Lake, rows: r.Rows, now: r.Now, log: r.Log,
		runID: r.ID, job: r.Job, buckets: r.Buckets, accounts: r.Accounts,
	}
	assemblies := make(map[partition]*assembly)
	defer func() {
		for _, a := range assemblies { // of days that an interruption cut
			a.close()
		}
	}()
	left := make(map[schema.Day]int) // units that have not ended
	for _, u := range plan.Units {
		left[u.Day]++
	}
	var faults []error
	for done := range finished {
		at := partition{done.unit.Day, done.unit.Account.ID.Bucket(r.Buckets)}
		if assemblies[at] == nil {
			a, err := b.assemble(hard, plan.base(at))
			if err != nil {
				return errors.Join(append(faults, err)...)
			}
			assemblies[at] = a
		}
		results[done.unit] = done.result
		assemblies[at].take(hard, done.unit, done.result)
		if left[at.day]--; left[at.day] > 0 || ctx.Err() != nil {
			continue
		}
		for _, base := range plan.Bases {
			if a := assemblies[partition{base.Day, base.Bucket}]; a != nil && base.Day == at.day {
				faults = append(faults, r.publish(hard, a, results, s))
				delete(assemblies, partition{base.Day, base.Bucket})
			}
		}
	}
	return errors.Join(faults...)
}

// publish publishes an assembly and notes what came of it.
func (r *Run) publish(ctx context.Context, a *assembly, results map[schema.Unit]result, s *Summary) error {
	defer a.close()
	m, err := a.publish(ctx, results)
	if err != nil {
		r.Log.Error("not published", "bill_date", a.base.Day, "bucket", a.base.Bucket, "error", err)
		return fmt.Errorf("day %s, bucket %d is not published: %w", a.base.Day, a.base.Bucket, err)
	}
	for _, e := range m.Units {
		// A unit may turn out damaged only when the archive is read again.
		u := schema.Unit{Account: e.Account, Day: a.base.Day}
		if was, ok := results[u]; ok && e.State == schema.Failed && was.failure == nil {
			results[u] = result{failure: e.Failure}
		}
	}
	if len(m.Objects) > 0 {
		s.published(m)
		r.Progress.partitions.Add(1)
	}
	return nil
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
