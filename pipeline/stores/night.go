package stores

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

// Config is how a job asks for stores.
type Config struct {
	Wanted bool   // the job publishes stores, in a replay, too
	Source Source // nil: nothing is fetched, the archive is all there is
}

// Lists is what became of the lists of a run.
type Lists struct {
	Listed   int              `json:"listed"`   // accounts whose list is in the archive for the run's last day
	Failures []schema.Failure `json:"failures"` // of the others: no stores are known of them that day, and the run is not incomplete for it
}

// Night is the fetching of the lists of a run, beside its bills. What fails is told, and costs
// nothing but names.
type Night struct {
	Config
	Lister
	Accounts []schema.Account
	Day      schema.Day        // the run's last
	InFlight int               // lists fetched side by side, at most maxInFlight
	Keeper   unreadable.Keeper // of answers that cannot be read

	done  sync.WaitGroup
	mu    sync.Mutex
	lists Lists
}

const maxInFlight = 8

// Begin begins to fetch the lists, where there is a source. Calls end with calling; lasting
// ends later, for what is in flight.
func (n *Night) Begin(calling, lasting context.Context) {
	if n.Config.Source == nil {
		return
	}
	n.Lister.Source = n.Config.Source
	halt := stop.NewHalt(n.Log)
	n.done.Go(func() {
		var fetching errgroup.Group
		fetching.SetLimit(max(1, min(n.InFlight, maxInFlight)))
		for _, account := range n.Accounts {
			fetching.Go(func() error {
				n.fetch(calling, lasting, halt, schema.Unit{Account: account, Day: n.Day})
				return nil
			})
		}
		_ = fetching.Wait() // it has no error
	})
}

func (n *Night) fetch(calling, lasting context.Context, halt *stop.Halt, u schema.Unit) {
	if failure, stopped := halt.Failure(u); stopped {
		n.Fail(failure)
		return
	}
	_, err := n.List(calling, u)
	switch {
	case err == nil:
		n.mu.Lock()
		defer n.mu.Unlock()
		n.lists.Listed++
	case calling.Err() != nil:
		n.Fail(stop.DeadlineFailure(u))
	default:
		failure := n.Keeper.Keep(lasting, u, schema.UnreadableStores, n.Now(), err)
		if !halt.Record(failure) {
			n.Log.Warn("the stores of an account could not be listed", "account_id", u.Account.ID, "account_name", u.Account.Name, "error_code", failure.Code, "logid", failure.LogID, "reason", failure.Reason)
		}
		n.Fail(failure)
	}
}

// Wait waits until all lists have been fetched.
func (n *Night) Wait() { n.done.Wait() }

// Fail adds failures: lists that could not be fetched, or not be read back.
func (n *Night) Fail(failures ...schema.Failure) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lists.Failures = append(n.lists.Failures, failures...)
}

// Lists returns what became of the lists, once all have been fetched, or nil where the job
// wants none.
func (n *Night) Lists() *Lists {
	n.Wait()
	if !n.Wanted {
		return nil
	}
	if n.lists.Failures == nil {
		n.lists.Failures = []schema.Failure{}
	}
	slices.SortFunc(n.lists.Failures, func(a, b schema.Failure) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account))
	})
	return &n.lists
}

// Calls returns how many calls a run makes at least for the accounts' lists of a day: one for
// each page that the list had as published, where the archive has none.
func Calls(ctx context.Context, archive Reader, accounts []schema.Account, day schema.Day, published []schema.Base) (calls int, err error) {
	pages := make(map[schema.AccountID]int)
	for _, b := range published {
		if b.Manifest == nil {
			continue
		}
		for _, e := range b.Manifest.Units {
			if e.Stores != nil {
				pages[e.Account.ID] = len(e.Stores.Pages)
			}
		}
	}
	for _, account := range accounts {
		known, err := archive.Stores(ctx, schema.Unit{Account: account, Day: day})
		if err != nil {
			return 0, err
		}
		if known == nil {
			calls += max(1, pages[account.ID])
		}
	}
	return calls, nil
}
