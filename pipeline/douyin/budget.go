package douyin

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	budgetStart    = 20  // retries before the first answer, so that a short run can begin
	maxBudget      = 100 // retries that are saved up
	budgetInterval = time.Second
)

// budget limits the retries of an API, but never refuses one: every answer earns a
// retry, and a call waits if none is left. So an API that fails every second call costs
// twice the calls without waiting, and one that fails all calls gets few retries. While
// no first attempts are under way, each second earns a retry, too.
type budget struct {
	mu            sync.Mutex
	available     int             // retries that may be made immediately
	firstAttempts int             // first attempts under way
	waiters       []chan struct{} // calls that wait for a retry, the oldest first
	timer         *time.Timer     // for the second that earns a retry; nil unless it runs
}

// beginFirstAttempt counts a first attempt as under way, until endFirstAttempt.
func (b *budget) beginFirstAttempt() { b.addFirstAttempts(1) }
func (b *budget) endFirstAttempt()   { b.addFirstAttempts(-1) }

func (b *budget) addFirstAttempts(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.firstAttempts += n
	b.updateTimer()
}

// firstAttemptsUnderWay reports whether there are any.
func (b *budget) firstAttemptsUnderWay() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.firstAttempts > 0
}

// earn adds a retry, for the call that has waited longest if there is one.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.release()
}

func (b *budget) release() {
	if len(b.waiters) == 0 {
		b.available = min(b.available+1, maxBudget)
		return
	}
	close(b.waiters[0])
	b.waiters = b.waiters[1:]
	b.updateTimer()
}

// take spends a retry, and waits for one if there is none.
func (b *budget) take(ctx context.Context) error {
	b.mu.Lock()
	if b.available > 0 {
		b.available--
		b.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	b.waiters = append(b.waiters, turn)
	b.updateTimer()
	b.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		b.abandon(turn)
		return ctx.Err()
	}
}

// abandon removes a caller that has gone from the queue. A retry that it was given
// meanwhile goes to the next one.
func (b *budget) abandon(turn chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.waiters, turn)
	if at < 0 {
		b.release()
		return
	}
	b.waiters = slices.Delete(b.waiters, at, at+1)
	b.updateTimer()
}

// updateTimer runs the timer while only retries are waiting.
func (b *budget) updateTimer() {
	idle := b.firstAttempts == 0 && len(b.waiters) > 0
	switch {
	case idle && b.timer == nil:
		b.timer = time.AfterFunc(budgetInterval, b.tick)
	case !idle && b.timer != nil:
		b.timer.Stop()
		b.timer = nil
	}
}

// tick ends a second. A timer that was stopped too late gives at most one retry too many.
func (b *budget) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = nil
	if b.firstAttempts == 0 && len(b.waiters) > 0 {
		b.release()
	}
	b.updateTimer()
}
