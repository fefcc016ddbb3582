package douyin

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	budgetStart    = 20  // repeats before anything was answered, so that a short run can begin
	maxBudget      = 100 // repeats that answers have earned and nobody has needed
	budgetInterval = time.Second
)

// budget bounds what repeats add to an API's calls, and never refuses one: every
// answer earns a repeat, and a call that finds none left waits. So a platform that
// fails every second call costs twice the calls and no wait, and one that fails
// them all sees each once and a few more. While nothing is asked for the first time,
// a second earns a repeat, too.
type budget struct {
	mu            sync.Mutex
	available     int             // repeats that may be made at once
	firstAttempts int             // calls whose first attempt is under way
	waiters       []chan struct{} // calls that wait for a repeat, the oldest first
	timer         *time.Timer     // for the second that earns a repeat; nil unless it runs
}

// beginFirstAttempt counts a call whose first attempt is under way, and end its end.
func (b *budget) beginFirstAttempt() { b.addFirstAttempts(1) }
func (b *budget) endFirstAttempt()   { b.addFirstAttempts(-1) }

func (b *budget) addFirstAttempts(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.firstAttempts += n
	b.updateTimer()
}

// firstAttemptsUnderWay says that calls are being made for the first time.
func (b *budget) firstAttemptsUnderWay() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.firstAttempts > 0
}

// earn adds a repeat: for the call that has waited longest, if there is one.
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

// take spends a repeat, and waits for one where there is none.
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

// abandon takes a caller that has gone out of the queue. What it was given meanwhile
// is the next one's.
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

// updateTimer starts the clock while repeats alone are waiting, and stops it otherwise.
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

// tick ends a second. A clock that was stopped too late gives at most one repeat too
// many.
func (b *budget) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = nil
	if b.firstAttempts == 0 && len(b.waiters) > 0 {
		b.release()
	}
	b.updateTimer()
}
