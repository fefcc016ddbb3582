package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
func (r *Run) finished(ctx, hard context.Context, plan Plan, settled map[schema.Unit]string) iter.Seq[ended] {
	return func(yield func(ended) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		if r.Source != nil && r.Deadline > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, r.Deadline, errDeadline)
			defer cancel()
		}
		results := make(chan ended, len(plan.Units)) // no unit waits for those that load it
		var units errgroup.Group
		units.SetLimit(max(1, r.InFlight))
		go func() {
			defer close(results)
			h := &halts{}
			for _, u := range plan.Units {
				units.Go(func() error {
					if done, ok := r.one(ctx, hard, u.Unit, settled[u.Unit], h); ok {
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

// settled returns, by unit, the walk that its published rows rest on, where this
// run is to look again: a run that ended well has published them, or the unit
// failed since. What else is whole already, this run goes on with.
func (r *Run) settled(ctx context.Context, plan Plan) (map[schema.Unit]string, error) {
	walks, well := make(map[schema.Unit]string), make(map[string]bool)
	for _, b := range plan.Bases {
		if b.Manifest == nil {
			continue
		}
		id := b.Manifest.RunID
		if _, known := well[id]; !known {
			data, err := r.Lake.Summary(ctx, id)
			if err != nil {
				return nil, err
			}
			var s Summary
			well[id] = data != nil && json.Unmarshal(data, &s) == nil && s.ExitCode == ExitDone
		}
		for _, a := range r.Accounts {
			if e := b.Manifest.Entry(a.ID); e != nil && e.Certificate != nil && (well[id] || e.State == schema.Failed) {
				walks[schema.Unit{Account: a, Day: b.Day}], _ = e.Certificate.Latest()
			}
		}
	}
	return walks, nil
}

// one brings one unit to its end. It is false where the run was interrupted.
func (r *Run) one(ctx, hard context.Context, u schema.Unit, settled string, h *halts) (result, bool) {
	if failure, halted := h.failure(u); halted {
		return result{failure: &failure}, true
	}
	if r.Source == nil {
		return r.recall(hard, u), true
	}
	if ctx.Err() != nil {
		return stopped(ctx, u)
	}
	w := &walker{
		source: r.Source, archive: r.Archive, now: r.Now, log: r.Log, progress: r.Progress, runID: r.ID,
		pageSize: r.PageSize, passes: r.Passes, allowShrink: r.AllowShrink, stop: ctx.Done(),
	}
	began := time.Now()
	c, err := w.unit(hard, u, settled)
	if err == nil {
		r.Log.Debug("unit walked", "account_id", u.Account.ID, "bill_date", u.Day, "state", c.State, "bills", c.Bills, "elapsed", time.Since(began))
		return result{certificate: c}, true
	}
	if errors.Is(err, errStopped) || hard.Err() != nil {
		return stopped(ctx, u)
	}
	failure := failureOf(err, u)
	h.note(failure)
	r.Log.Warn("unit failed", "account_id", u.Account.ID, "bill_date", u.Day, "error_code", failure.Code, "logid", failure.LogID, "reason", failure.Reason)
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
	return result{failure: &schema.Failure{Account: u.Account.ID, Day: u.Day, Reason: errDeadline.Error() + "; run again to go on", Reach: schema.ReachToday}}, true
}

// halts are the failures that reach beyond their unit.
type halts struct {
	mu       sync.Mutex
	all      *schema.Failure
	accounts map[schema.AccountID]schema.Failure
}

func (h *halts) note(f schema.Failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Reach {
	case schema.ReachApp, schema.ReachToday:
		if h.all == nil {
			h.all = &f
		}
	case schema.ReachAccount:
		if h.accounts == nil {
			h.accounts = make(map[schema.AccountID]schema.Failure)
		}
		h.accounts[f.Account] = f
	}
}

// failure returns the failure that ends the unit before it is asked for.
func (h *halts) failure(u schema.Unit) (schema.Failure, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.accounts[u.Account.ID]
	if h.all != nil {
		f, ok = *h.all, true
	}
	f.Account, f.Day = u.Account.ID, u.Day
	return f, ok
}
