package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

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
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		results := make(chan ended, len(plan.Units)) // no unit waits for those that load it
		var units errgroup.Group
		units.SetLimit(max(1, r.InFlight))
		go func() {
			defer close(results)
			h := &halts{log: r.Log}
			defer h.report()
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
				stop()
				for range results { // until all have stopped
				}
				return
			}
		}
	}
}

var errDeadline = errors.New("the deadline has come")

type partition struct {
	day    schema.Day
	bucket int
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
func (r *Run) one(ctx, hard context.Context, u schema.Unit, seen *sightings, h *halts) (result, bool) {
	if failure, halted := h.failure(u); halted {
		return result{failure: &failure}, true
	}
	if r.Source == nil {
		return r.recall(hard, u), true
	}
	if ctx.Err() != nil {
		return stopped(ctx, u)
	}
	calls, cancel := outlasting(ctx, grace) // a call may wait for an outage to end, but not for ever
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
	if errors.Is(err, errStopped) || calls.Err() != nil {
		return stopped(ctx, u)
	}
	failure := keeper{r.Archive, r.ID, r.Log}.keep(hard, u, schema.UnreadableBills, r.Now(), err)
	if errors.Is(err, schema.ErrDenied) {
		failure.Reach = schema.ReachApp // no other unit could be kept either
	}
	if !h.note(failure) {
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
		failure := failureOf(err, u)
		return result{failure: &failure}
	}
	return result{certificate: c}
}

// stopped ends a unit that ctx stopped: a deadline is told as a failure of
// today, an interruption is left to the next run.
func stopped(ctx context.Context, u schema.Unit) (result, bool) {
	if context.Cause(ctx) != errDeadline {
		return result{}, false
	}
	return result{failure: deadlineFailure(u)}, true
}

func deadlineFailure(u schema.Unit) *schema.Failure {
	return &schema.Failure{Account: u.Account.ID, Day: u.Day, Reason: errDeadline.Error() + "; run again to go on", Reach: schema.ReachToday}
}

// halts are the failures that reach beyond their unit.
type halts struct {
	log *slog.Logger

	mu       sync.Mutex
	all      *schema.Failure
	hit      map[schema.Unit]bool // by all
	accounts map[schema.AccountID]schema.Failure
}

// note notes a failure, and says whether it is one that ends all calls: of those only
// the first is logged.
func (h *halts) note(f schema.Failure) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Reach {
	case schema.ReachApp, schema.ReachToday:
		if h.all == nil {
			h.all, h.hit = &f, make(map[schema.Unit]bool)
			h.log.Warn("no further calls are made", "error_code", f.Code, "sub_code", f.SubCode, "logid", f.LogID, "reason", f.Reason, "hint", f.Hint)
		}
		h.hit[schema.Unit{Account: schema.Account{ID: f.Account}, Day: f.Day}] = true
		return true
	case schema.ReachAccount:
		if h.accounts == nil {
			h.accounts = make(map[schema.AccountID]schema.Failure)
		}
		h.accounts[f.Account] = f
	}
	return false
}

// failure returns the failure that ends the unit before it is asked for.
func (h *halts) failure(u schema.Unit) (schema.Failure, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.accounts[u.Account.ID]
	if h.all != nil {
		f, ok = *h.all, true
		h.hit[schema.Unit{Account: schema.Account{ID: u.Account.ID}, Day: u.Day}] = true
	}
	f.Account, f.Day = u.Account.ID, u.Day
	return f, ok
}

// report logs how much the failure that ended all calls has cost.
func (h *halts) report() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		return
	}
	accounts := make(map[schema.AccountID]bool)
	for u := range h.hit {
		accounts[u.Account.ID] = true
	}
	h.log.Warn("calls were not made", "accounts", len(accounts), "units", len(h.hit), "error_code", h.all.Code, "reason", h.all.Reason)
}
