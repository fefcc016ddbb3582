package douyin

import (
	"context"
	"slices"
	"sync"
	"time"

	"billwalk/pipeline/chain"
)

// queue lets one caller after the other pass. Every second time it is the one with the
// longest chain of calls behind it, else the one that has waited longest: so neither a
// long chain comes last, nor a short one waits for all that are longer.
type queue struct {
	mu      sync.Mutex
	taken   bool
	endedAt time.Time // the latest turn
	turns   int
	waiting []*waiter // in the order in which they came
}

type waiter struct {
	left int           // calls that follow its own
	turn chan struct{} // closed when it is its turn
}

// enter waits for the caller's turn, or returns ctx's error. The turn ends with leave.
// rested says that there was none just before it: one that ends at the instant of the call
// is no rest, whichever of the two is noticed first.
func (q *queue) enter(ctx context.Context) (rested bool, err error) {
	q.mu.Lock()
	if !q.taken {
		q.taken, rested = true, time.Now().After(q.endedAt)
		q.mu.Unlock()
		return rested, nil
	}
	w := &waiter{chain.Left(ctx), make(chan struct{})}
	q.waiting = append(q.waiting, w)
	q.mu.Unlock()
	select {
	case <-w.turn:
		return false, nil
	case <-ctx.Done():
		q.abandon(w)
		return false, ctx.Err()
	}
}

// length returns how many callers wait for their turn.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// leave gives the turn to the next caller.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.endedAt = time.Now()
	q.next()
}

func (q *queue) next() {
	q.taken = len(q.waiting) > 0
	if !q.taken {
		return
	}
	first := 0
	if q.turns++; q.turns%2 == 0 {
		for i, w := range q.waiting {
			if w.left > q.waiting[first].left {
				first = i
			}
		}
	}
	close(q.waiting[first].turn)
	q.waiting = slices.Delete(q.waiting, first, first+1)
}

// abandon removes a caller that has gone. If it was its turn, that is the next one's.
func (q *queue) abandon(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := slices.Index(q.waiting, w); at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
		return
	}
	q.next()
}
