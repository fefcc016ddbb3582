package douyin

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	budgetStart = 20  // repeats before anything was answered, so that a short run can begin
	budgetMost  = 100 // repeats that answers have earned and nobody has needed
	budgetEvery = time.Second
)

// budget bounds what repeats add to an API's calls, and never refuses one: every
// answer earns a repeat, and a call that finds none left waits. So a platform that
// fails every second call costs twice the calls and no wait, and one that fails
// them all sees each once and a few more. While nothing is asked for the first time,
// a second earns a repeat, too.
type budget struct {
	mu    sync.Mutex
	left  int             // repeats that may be made at once
	fresh int             // calls whose first attempt is under way
	queue []chan struct{} // calls that wait for a repeat, the oldest first
	clock *time.Timer     // for the second that earns a repeat; nil unless it runs
}

// begin counts a call whose first attempt is under way, and end its end.
func (b *budget) begin() { b.count(1) }
func (b *budget) end()   { b.count(-1) }

func (b *budget) count(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fresh += n
	b.wind()
}

// underWay says that calls are being made for the first time.
func (b *budget) underWay() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fresh > 0
}

// earn adds a repeat: for the call that has waited longest, if there is one.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.give()
}

func (b *budget) give() {
	if len(b.queue) == 0 {
		b.left = min(b.left+1, budgetMost)
		return
	}
	close(b.queue[0])
	b.queue = b.queue[1:]
	b.wind()
}

// take spends a repeat, and waits for one where there is none.
func (b *budget) take(ctx context.Context) error {
	b.mu.Lock()
	if b.left > 0 {
		b.left--
		b.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	b.queue = append(b.queue, turn)
	b.wind()
	b.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		b.leave(turn)
		return ctx.Err()
	}
}

// leave takes a caller that has gone out of the queue. What it was given meanwhile
// is the next one's.
func (b *budget) leave(turn chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := slices.Index(b.queue, turn)
	if at < 0 {
		b.give()
		return
	}
	b.queue = slices.Delete(b.queue, at, at+1)
	b.wind()
}

// wind starts the clock while repeats alone are waiting, and stops it otherwise.
func (b *budget) wind() {
	idle := b.fresh == 0 && len(b.queue) > 0
	switch {
	case idle && b.clock == nil:
		b.clock = time.AfterFunc(budgetEvery, b.tick)
	case !idle && b.clock != nil:
		b.clock.Stop()
		b.clock = nil
	}
}

// tick ends a second. A clock that was stopped too late gives at most one repeat too
// many.
func (b *budget) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = nil
	if b.fresh == 0 && len(b.queue) > 0 {
		b.give()
	}
	b.wind()
}
