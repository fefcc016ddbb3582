package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"billwalk/pipeline/spans"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/unreadable"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// schedule walks the units of a plan side by side.
type schedule struct {
	run          *Run
	walker       walk.Walker
	plan         Plan
	recent       *walk.Recent
	halt         *stop.Halt
	places       *places
	ctx, lasting context.Context // lasting ends later, for what is in flight
}

func (r *Run) schedule(ctx, lasting context.Context, plan Plan, refetch *refetchPolicy, recent *walk.Recent) *schedule {
	places := newPlaces(r.limit)
	return &schedule{
		run: r, plan: plan, recent: recent, halt: stop.NewHalt(r.Log), places: places, ctx: ctx, lasting: lasting,
		walker: walk.Walker{Config: r.Walk, Archive: storingArchive{recent, places}, Recent: recent, RunID: r.ID, Units: len(plan.Units), Now: r.Now, Log: r.Log, Progress: r.Progress, IsCurrent: refetch.isCurrent,
			Pages: plan.pagesOf()},
	}
}

// maxRecent is how many bytes of bills wait in memory to be built, at most a quarter of what
// the process may have.
const maxRecent = 64 << 20

func (r *Run) newRecent() *walk.Recent {
	return walk.NewRecent(r.Archive, r.Archive.BatchKey, r.Rows, int(min(maxRecent, debug.SetMemoryLimit(-1)/4)))
}

// outcomes yields what became of every unit of the plan as soon as it has ended, each
// once. Units that an interruption cut are not yielded.
func (s *schedule) outcomes(yield func(walk.Outcome) bool) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	results := make(chan walk.Outcome, len(s.plan.Units)) // no unit waits for the consumer
	go func() {
		defer close(results)
		defer s.halt.LogAffected()
		units := s.plan.Units
		if s.run.InFlight > 1 {
			units = largeAndSmall(units)
		}
		begin := newLaunches(units, s.run.Walk.Passes, s.run.Needed)
		var walks sync.WaitGroup
		for range units {
			s.places.take()
			u := begin.next()
			walks.Go(func() {
				defer s.places.leave()
				if outcome, ok := s.unit(ctx, u); ok {
					s.count(outcome)
					results <- outcome
				}
			})
		}
		walks.Wait()
	}()
	for outcome := range results {
		if !yield(outcome) {
			cancel()
			for range results { // until all units have stopped
			}
			return
		}
	}
}

// count counts a unit that has ended.
func (s *schedule) count(o walk.Outcome) {
	if o.Certificate == nil {
		s.run.Progress.UnitDone(0)
		return
	}
	if s.walker.Source != nil && o.Certificate.Latest().RunID != s.run.ID {
		s.run.Progress.UnitFound()
	}
	s.run.Progress.UnitDone(o.Certificate.Bills)
}

// limit returns how many units are walked side by side.
func (r *Run) limit() int {
	if r.Needed == nil {
		return r.InFlight
	}
	return max(r.InFlight, r.Needed())
}

// unit walks one unit. It returns false where an interruption cut the walk.
func (s *schedule) unit(ctx context.Context, u schema.Unit) (walk.Outcome, bool) {
	if failure, stopped := s.halt.Failure(u); stopped {
		return walk.Outcome{Unit: u, Failure: &failure}, true
	}
	if s.walker.Source == nil {
		return s.run.recall(s.lasting, u), true
	}
	if ctx.Err() != nil {
		return interrupted(ctx, u)
	}
	calls, cancel := stop.Outlast(ctx, stop.Grace) // a call may wait for an outage to end, but not for ever
	defer cancel()
	began := time.Now()
	calls, end := spans.Start(calls, "walk", "account_id", string(u.Account.ID), "bill_date", u.Day.String())
	c, err := s.walker.Walk(calls, u, ctx.Done())
	end(err)
	if err == nil {
		s.run.Log.Debug("unit walked", "account_id", u.Account.ID, "account_name", u.Account.Name, "bill_date", u.Day, "state", c.State, "bills", c.Bills, "elapsed", time.Since(began))
		return walk.Outcome{Unit: u, Certificate: c}, true
	}
	s.recent.Forget(u)
	if errors.Is(err, stop.ErrStopped) || calls.Err() != nil {
		return interrupted(ctx, u)
	}
	return walk.Outcome{Unit: u, Failure: s.failure(u, err)}, true
}

// failure records why a unit could not be walked.
func (s *schedule) failure(u schema.Unit, err error) *schema.Failure {
	keeper := unreadable.Keeper{Archive: s.run.Archive, RunID: s.run.ID, Log: s.run.Log}
	failure := keeper.Keep(s.lasting, u, schema.UnreadableBills, s.run.Now(), err)
	if errors.Is(err, schema.ErrDenied) {
		failure.Reach = schema.ReachApp // the archive can store no other unit either
	}
	if !s.halt.Record(failure) {
		s.run.Log.Warn("unit failed", "account_id", u.Account.ID, "account_name", u.Account.Name, "bill_date", u.Day, "error_code", failure.Code, "logid", failure.LogID, "reason", failure.Reason)
	}
	return &failure
}

// recall takes a unit from the archive, as a replay does.
func (r *Run) recall(ctx context.Context, u schema.Unit) walk.Outcome {
	c, _, err := r.Archive.Unit(ctx, u)
	if err == nil && c == nil {
		err = &schema.UnitError{Unit: u, Code: schema.CodeNotArchived, Err: fmt.Errorf("the archive has no whole walk of it; fetch it with: billwalk run %s --from %s --to %s", r.Job, u.Day, u.Day)}
	}
	if err != nil {
		failure := schema.FailureOf(err, u)
		return walk.Outcome{Unit: u, Failure: &failure}
	}
	return walk.Outcome{Unit: u, Certificate: c}
}

// interrupted returns the outcome of a unit that ctx has ended: a deadline is a failure
// of the unit, a signal leaves it to the next run.
func interrupted(ctx context.Context, u schema.Unit) (walk.Outcome, bool) {
	if !errors.Is(context.Cause(ctx), stop.ErrDeadline) {
		return walk.Outcome{}, false
	}
	failure := stop.DeadlineFailure(u)
	return walk.Outcome{Unit: u, Failure: &failure}, true
}
