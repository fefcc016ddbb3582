package sandbox

import (
	"sync"
	"time"
)

// window is a rate limit: it accepts a fixed number of calls in any second.
type window struct {
	mu       sync.Mutex
	accepted []time.Time // the latest calls, as a ring; its length is the limit
	next     int
}

func newWindow(limit int) *window { return &window{accepted: make([]time.Time, limit)} }

func (w *window) accept(now time.Time) bool {
	if len(w.accepted) == 0 {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.accepted[w.next]) < time.Second {
		return false
	}
	w.accepted[w.next] = now
	w.next = (w.next + 1) % len(w.accepted)
	return true
}
