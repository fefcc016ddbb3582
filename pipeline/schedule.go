package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

// ended is a unit and what became of it.
type ended struct {
	unit   schema.Unit
	result result
}

// finished yields every unit of the plan as it ends, each once; units that an
// interruption cut are not yielded. It is the one place where units run side by
// side.
func (r *Run) finished(ctx, hard context.Context, plan Plan, seen *sightings) iter.Seq[ended] {
	return func(yield func(ended) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		results := make(chan ended, len(plan.Units)) // no unit waits for those that load it
		var units errgroup.Group
		units.SetLimit(max(1, r.InFlight))
		go func() {
			defer close(results)
			h := stop.NewHalt(r.Log)
			defer h.LogAffected()
			for _, u := range plan.Units {
				units.Go(func() error {
					if done, ok := r.one(ctx, hard, u.Unit, seen, h); ok {
						r.Progress.unitsDone.Add(1)
						results <- ended{u.Unit, done}
					}
					return nil
				})
			}
			_ = units.Wait() // units report their faults one by one
		}()
		for done := range results {
			if !yield(done) {
				cancel()
				for range results { // until all have stopped
				}
				return
			}
		}
	}
}

// sightings say which walks have been seen to: this run is to look again at
// their units. What else is whole already, it goes on with.
type sightings struct {
	lake    Lake
	started time.Time              // this run
	failed  map[schema.Unit]bool   // the unit failed since it was certified
	bases   map[schema.Unit]string // the run that has published its certificate

	mu   sync.Mutex
	well map[string]bool // runs, and whether they ended well
}

func newSightings(lake Lake, plan Plan, started time.Time) *sightings {
	s := &sightings{lake: lake, started: started, failed: make(map[schema.Unit]bool), bases: make(map[schema.Unit]string), well: make(map[string]bool)}
	for _, u := range plan.Units {
		if c, e, m := plan.published(u.Unit); c != nil {
			s.failed[u.Unit] = e.State == schema.Failed
			s.bases[u.Unit] = c.Latest().Walk + " " + m.RunID
		}
	}
	return s
}

// seen says that the certificate is of a run that ended well, or was published by
// one, or that its unit failed since.
func (s *sightings) seen(ctx context.Context, u schema.Unit, c *schema.Certificate) (bool, error) {
	if s.failed[u] {
		return true, nil
	}
	latest := c.Latest()
	if well, err := s.endedWell(ctx, latest.RunID); well || err != nil {
		return well, err
	}
	walk, runID, _ := strings.Cut(s.bases[u], " ")
	if walk != latest.Walk {
		return false, nil
	}
	return s.endedWell(ctx, runID)
}

// endedWell says that the run ended well before this one started. What a run walks
// that is at work beside this one is as good as this one's own.
func (s *sightings) endedWell(ctx context.Context, runID string) (bool, error) {
	if runID == "" {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if well, known := s.well[runID]; known {
		return well, nil
	}
	data, err := s.lake.Summary(ctx, runID)
	if err != nil {
		return false, fmt.Errorf("reading the summary of an earlier run: %w", err)
	}
	var summary Summary
	s.well[runID] = data != nil && json.Unmarshal(data, &summary) == nil && summary.ExitCode == ExitDone && !summary.ended().After(s.started)
	return s.well[runID], nil
}

// one brings one unit to its end. It is false where the run was interrupted.
func (r *Run) one(ctx, hard context.Context, u schema.Unit, seen *sightings, h *stop.Halt) (result, bool) {
	if failure, halted := h.Failure(u); halted {
		return result{failure: &failure}, true
	}
	if r.Source == nil {
		return r.recall(hard, u), true
	}
	if ctx.Err() != nil {
		return stopped(ctx, u)
	}
	calls, cancel := stop.Outlast(ctx, stop.Grace) // a call may wait for an outage to end, but not for ever
	defer cancel()
	w := &walker{
		source: r.Source, archive: r.Archive, now: r.Now, log: r.Log, progress: r.Progress, runID: r.ID,
		pageSize: r.PageSize, passes: r.Passes, allowShrink: r.AllowShrink, goesOnWith: r.goesOnWith, stop: ctx.Done(),
		seen: func(ctx context.Context, c *schema.Certificate) (bool, error) { return seen.seen(ctx, u, c) },
	}
	began := time.Now()
	c, err := w.unit(calls, u)
	if err == nil {
		r.Log.Debug("unit walked", "account_id", u.Account.ID, "bill_date", u.Day, "state", c.State, "bills", c.Bills, "elapsed", time.Since(began))
		return result{certificate: c}, true
	}
	if errors.Is(err, stop.ErrStopped) || calls.Err() != nil {
		return stopped(ctx, u)
	}
	failure := unreadable.Keeper{Archive: r.Archive, RunID: r.ID, Log: r.Log}.Keep(hard, u, schema.UnreadableBills, r.Now(), err)
	if errors.Is(err, schema.ErrDenied) {
		failure.Reach = schema.ReachApp // no other unit could be kept either
	}
	if !h.Record(failure) {
		r.Log.Warn("unit failed", "account_id", u.Account.ID, "bill_date", u.Day, "error_code", failure.Code, "logid", failure.LogID, "reason", failure.Reason)
	}
	return result{failure: &failure}, true
}

// recall takes a unit from the archive, as a replay does.
func (r *Run) recall(ctx context.Context, u schema.Unit) result {
	c, _, err := r.Archive.Unit(ctx, u)
	if err == nil && c == nil {
		err = fmt.Errorf("the archive has no whole walk of it; fetch it with: billwalk run %s --from %s --to %s", r.Job, u.Day, u.Day)
	}
	if err != nil {
		failure := schema.FailureOf(err, u)
		return result{failure: &failure}
	}
	return result{certificate: c}
}

// stopped ends a unit that ctx stopped: a deadline is told as a failure of
// today, an interruption is left to the next run.
func stopped(ctx context.Context, u schema.Unit) (result, bool) {
	if context.Cause(ctx) != stop.ErrDeadline {
		return result{}, false
	}
	failure := stop.DeadlineFailure(u)
	return result{failure: &failure}, true
}
