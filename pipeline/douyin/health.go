package douyin

import "sync"

// health counts how many of an API's latest attempts have failed: where many do, a
// failure is the platform's fault and not the call's.
type health struct {
	mu            sync.Mutex
	failuresInRow int     // failed attempts since the last answer
	calls         int     // counted up to healthSpan
	failureShare  float64 // the share of the latest calls whose first attempt failed
}

const (
	healthSpan     = 32 // the latest calls, roughly
	minHealthCalls = 16 // calls before the share is taken for the platform's state

	// A platform is unsteady if such a share of calls fails. Where nearly all do, it
	// is down, and asking more often is no help.
	unsteadyFrom, unsteadyTo = 0.1, 0.75

	// unsteadyPatience is how many times as often a call may fail on an unsteady
	// platform. Where half of all attempts fail, one call in 256 fails eight times in
	// a row by chance, and one in 16 million 24 times.
	unsteadyPatience = 3
)

// record counts an attempt, and whether it is to be repeated; first is a call's first.
func (h *health) record(first, failed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	failure := 0.0
	if failed {
		failure = 1
		h.failuresInRow++
	} else {
		h.failuresInRow = 0
	}
	if first {
		h.calls = min(h.calls+1, healthSpan)
		h.failureShare += (failure - h.failureShare) / float64(h.calls)
	}
}

// patience returns the factor by which the number of a call's attempts is multiplied.
func (h *health) patience() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls >= minHealthCalls && h.failureShare >= unsteadyFrom && h.failureShare <= unsteadyTo {
		return unsteadyPatience
	}
	return 1
}

// failedInRow returns how many attempts have failed since the last answer.
func (h *health) failedInRow() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failuresInRow
}
