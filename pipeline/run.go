package pipeline

import (
	"context"
	"log/slog"
	"time"

	"billwalk/pipeline/claims"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/shards"
	"billwalk/pipeline/stores"
	"billwalk/pipeline/swap"
	"billwalk/pipeline/unreadable"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
)

// Run is one run of a job over a range of days.
type Run struct {
	ID       string
	Job      string
	Accounts []schema.Account // that this process walks and publishes
	From, To schema.Day       // both included
	Lookback int              // days before From that are fetched and reconciled again
	Buckets  int              // of the lake

	// Shard is this process's part of a run that several share; the zero Shard is all of it.
	Shard       shards.Shard
	JobAccounts []schema.Account              // of a run that is shared: those of all shards
	Shared      func(name string) swap.Object // where the shards tell of themselves
	Night       *shards.Night                 // set by Do
	Divide      func(weights []int)           // divides the rate of the settle query before the first one; nil: it is not shared
	Rates       map[string]shards.Rate        // by API: what shards lend each other
	Asked       func()                        // called when all but a few calls are made; may be nil
	likely      []int                         // weights of the settle query, set by Weights; nil: each account counts alike

	Walk   walk.Config   // without a Source the run replays the archive
	Settle settle.Config // without a Trade nothing is queried
	Stores stores.Config

	Withdrawals *Withdrawals // nil: none are followed

	Archive Archive
	Lake    Lake
	Claims  claims.Register // of the runs; of a replay in shards, that of the replays

	// PublishedDays returns the lake's published days, ascending. A plan estimates sizes
	// by them; nil stands for none.
	PublishedDays func(context.Context) ([]schema.Day, error)

	Rows   normalise.Normaliser
	AppIDs schema.AppIDs // whose callbacks count
	Rules  reconcile.Rules

	InFlight int           // units walked side by side
	Needed   func() int    // as many are, if these are more: what the whole rate needs at the present latency; may be nil
	Backfill bool          // certified walks of any age are used, unless a run that ended well has published them
	Deadline time.Duration // of walking and querying; 0 is none
	Now      func() time.Time
	Log      *slog.Logger
	Progress *progress.Counter
	Calls    func() Calls // returns how many calls were made

	Expected func(schema.Failure) bool // reports whether a failure is expected, so that it does not make the run incomplete; may be nil
}

// Days returns the days that the run looks at.
func (r *Run) Days() []schema.Day {
	var days []schema.Day
	for day := r.From - schema.Day(r.Lookback); day <= r.To; day++ {
		days = append(days, day)
	}
	return days
}

// spansWindows reports whether the run has days of which one is not in the other's window.
func (r *Run) spansWindows() bool { return int(r.To-r.From)+r.Lookback > r.Rules.Lookback }

// lastLook returns the day that a nightly run looks at for the last time, before its
// lookback is over; a run of given days has none.
func (r *Run) lastLook() schema.Null[schema.Day] {
	return schema.Null[schema.Day]{V: r.From - schema.Day(r.Lookback), Valid: r.Lookback > 0}
}

// launchDays returns the first and last launch day that the run looks at: its own days, and
// those of the lookback in a nightly run.
func (r *Run) launchDays() (from, to schema.Day) {
	if r.Backfill {
		return r.From, r.To
	}
	return min(r.From, r.To-schema.Day(r.Withdrawals.Lookback)), r.To
}

// night returns what follows the withdrawals of the run, once its days are published.
func (r *Run) night(ctx context.Context) (*withdraw.Night, error) {
	w := r.Withdrawals
	published, err := r.PublishedDays(ctx)
	if err != nil {
		return nil, err
	}
	n := &withdraw.Night{
		Fetcher: withdraw.Fetcher{Config: w.Config, Archive: w.Archive, Walker: walk.Walker{RunID: r.ID, Now: r.Now, Log: r.Log, Progress: r.Progress}},
		Lake:    w.Lake, Accounts: r.Accounts, Buckets: r.Buckets, Last: r.To, Lookback: w.Lookback, Published: published, InFlight: r.InFlight,
		Keeper: unreadable.Keeper{Archive: r.Archive, RunID: r.ID, Log: r.Log},
	}
	if !r.Shard.Whole() { // a payee is its own account's, of whichever shard
		n.Accounts, n.Owns = r.JobAccounts, r.Shard.Buckets(r.JobAccounts, r.Buckets)
	}
	n.From, n.To = r.launchDays()
	return n, nil
}
