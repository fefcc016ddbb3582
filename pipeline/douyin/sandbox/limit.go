package sandbox

import (
	"sync"
	"time"
)

// window is the rate limit: it accepts as many calls in any second as it has places.
type window struct {
	mu       sync.Mutex
	accepted []time.Time // a ring of the latest
	next     int
}

func newWindow(places int) *window { return &window{accepted: make([]time.Time, places)} }

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
