package pipeline

import (
	"context"
	"sync"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/walk"
	"billwalk/pipeline/withdraw"
	"billwalk/schema"
)

// Seconds is how long a run took before its first call to the platform, from then to the
// end of its last call, and after that. A run without calls has only the last.
type Seconds struct {
	Before float64 `json:"before"`
	Asking float64 `json:"asking"`
	After  float64 `json:"after"`
}

// asking records when a run made its first call and when its last one ended.
type asking struct {
	now func() time.Time

	mu          sync.Mutex
	first, last time.Time
}

// call notes the beginning of a call, and returns the function that notes its end.
func (a *asking) call() (ended func()) {
	began := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.first.IsZero() {
		a.first = began
	}
	return func() {
		ended := a.now()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.last = ended
	}
}

// seconds divides the time of a run.
func (a *asking) seconds(started, ended time.Time) Seconds {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.first.IsZero() {
		return Seconds{After: ended.Sub(started).Seconds()}
	}
	return Seconds{a.first.Sub(started).Seconds(), a.last.Sub(a.first).Seconds(), ended.Sub(a.last).Seconds()}
}

// timedSource and timedTrade record their calls.
type (
	timedSource struct {
		walk.Source
		*asking
	}
	timedTrade struct {
		settle.Trade
		*asking
	}
)

// Bills implements walk.Source.
func (t timedSource) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	defer t.call()()
	return t.Source.Bills(ctx, u, cursor, size)
}

// Settlements implements settle.Trade.
func (t timedTrade) Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error) {
	defer t.call()()
	return t.Trade.Settlements(ctx, q)
}

// recordCalls has the run's calls recorded.
func (r *Run) recordCalls() *asking {
	a := &asking{now: r.Now}
	if r.Walk.Source != nil {
		r.Walk.Source = timedSource{r.Walk.Source, a}
	}
	if r.Withdrawals != nil && r.Withdrawals.Source != nil {
		timed := *r.Withdrawals
		timed.Source = timedWithdrawals{timed.Source, a}
		r.Withdrawals = &timed
	}
	if r.Settle.Trade != nil {
		r.Settle.Trade = timedTrade{r.Settle.Trade, a}
	}
	return a
}

// timedWithdrawals records its calls.
type timedWithdrawals struct {
	withdraw.Source
	*asking
}

// Withdrawals implements withdraw.Source.
func (t timedWithdrawals) Withdrawals(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	defer t.call()()
	return t.Source.Withdrawals(ctx, u, cursor, size)
}

// WithdrawnBills implements withdraw.Source.
func (t timedWithdrawals) WithdrawnBills(ctx context.Context, u schema.Unit, withdrawID, cursor string, size int) (normalise.PageAnswer, error) {
	defer t.call()()
	return t.Source.WithdrawnBills(ctx, u, withdrawID, cursor, size)
}
