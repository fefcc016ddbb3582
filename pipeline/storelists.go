package pipeline

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/stores"
	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

// StoreLists is what became of the lists of stores that a run asked for.
type StoreLists struct {
	Listed   int              `json:"listed"`   // accounts whose list is in the archive for the run's last day
	Failures []schema.Failure `json:"failures"` // of the others: no stores are known of them that day, and the run is not incomplete for it
}

// storeLists fetches the lists of the accounts' stores while bills are walked. What fails is
// told, and costs the night nothing but names.
type storeLists struct {
	run  *Run
	done sync.WaitGroup

	mu    sync.Mutex
	found StoreLists
}

// listStores begins to fetch the lists for the run's last day, where the job wants them.
func (r *Run) listStores(calling, lasting context.Context) *storeLists {
	l := &storeLists{run: r, found: StoreLists{Failures: []schema.Failure{}}}
	if r.Stores == nil {
		return l
	}
	lister := &stores.Lister{Source: r.Stores, Archive: r.Archive, RunID: r.ID, Now: r.Now, Log: r.Log}
	halt := stop.NewHalt(r.Log)
	l.done.Go(func() {
		var lists errgroup.Group
		lists.SetLimit(max(1, min(r.InFlight, 8)))
		for _, account := range r.Accounts {
			lists.Go(func() error {
				l.list(calling, lasting, lister, halt, schema.Unit{Account: account, Day: r.To})
				return nil
			})
		}
		_ = lists.Wait() // it has no error
	})
	return l
}

func (l *storeLists) list(calling, lasting context.Context, lister *stores.Lister, halt *stop.Halt, u schema.Unit) {
	if failure, stopped := halt.Failure(u); stopped {
		l.fail(failure)
		return
	}
	_, err := lister.List(calling, u)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.found.Listed++
		return
	}
	if calling.Err() != nil {
		l.fail(stop.DeadlineFailure(u))
		return
	}
	keeper := unreadable.Keeper{Archive: l.run.Archive, RunID: l.run.ID, Log: l.run.Log}
	failure := keeper.Keep(lasting, u, schema.UnreadableStores, l.run.Now(), err)
	if !halt.Record(failure) {
		l.run.Log.Warn("the stores of an account could not be listed", "account_id", u.Account.ID, "account_name", u.Account.Name, "error_code", failure.Code, "logid", failure.LogID, "reason", failure.Reason)
	}
	l.fail(failure)
}

func (l *storeLists) fail(failures ...schema.Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found.Failures = append(l.found.Failures, failures...)
}

// addTo adds the stores of a joined partition, once all lists have been fetched.
func (l *storeLists) addTo(ctx context.Context, p interface {
	AddStores(context.Context, stores.Reader, bool) ([]schema.Failure, error)
}) error {
	l.done.Wait()
	failures, err := p.AddStores(ctx, l.run.Archive, l.run.WantsStores)
	for _, f := range failures {
		l.run.Log.Error("the stores of an account are damaged in the archive", "account_id", f.Account, "bill_date", f.Day, "reason", f.Reason)
	}
	l.fail(failures...)
	return err
}

// counts returns what became of the lists, or nil where the job wants none.
func (l *storeLists) counts() *StoreLists {
	l.done.Wait()
	if !l.run.WantsStores {
		return nil
	}
	slices.SortFunc(l.found.Failures, func(a, b schema.Failure) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account))
	})
	return &l.found
}

// planStores returns how many calls of the store API the run makes at least: one for each
// page that an account's list had before, where the archive has no list for the last day.
func (r *Run) planStores(ctx context.Context, bases []schema.Base) (calls int, err error) {
	if !r.WantsStores {
		return 0, nil
	}
	pages := make(map[schema.AccountID]int)
	for _, b := range bases {
		if b.Manifest == nil {
			continue
		}
		for _, e := range b.Manifest.Units {
			if e.Stores != nil {
				pages[e.Account.ID] = len(e.Stores.Pages)
			}
		}
	}
	for _, account := range r.Accounts {
		known, err := r.Archive.Stores(ctx, schema.Unit{Account: account, Day: r.To})
		if err != nil {
			return 0, err
		}
		if known == nil {
			calls += max(1, pages[account.ID])
		}
	}
	return calls, nil
}
