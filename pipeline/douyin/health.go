package douyin

import "sync"

// health tracks how many of an API's latest calls failed: if many do, a failure is
// probably not the fault of the call.
type health struct {
	mu            sync.Mutex
	failuresInRow int     // failed attempts since the last answer
	calls         int     // counted up to healthSpan
	failureShare  float64 // the share of the latest calls whose first attempt failed
}

const (
	healthSpan     = 64 // calls over which the share is averaged, roughly
	minHealthCalls = 4  // calls before the share counts

	// A platform is unsteady if a share of calls in this range fails. If nearly all do, it
	// is down, and more attempts do not help.
	unsteadyFrom, unsteadyTo = 0.05, 0.75

	// unsteadyPatience multiplies the attempts of a call on an unsteady platform. If half
	// of all attempts fail, one call in 256 fails eight times in a row by chance, but only
	// one in 16 million fails 24 times.
	unsteadyPatience = 3
)

// record counts an attempt. first says that it is the call's first.
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

// patience returns the factor for the number of a call's attempts.
func (h *health) patience() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls >= minHealthCalls && h.failureShare >= unsteadyFrom && h.failureShare <= unsteadyTo {
		return unsteadyPatience
	}
	return 1
}

// failedInRow returns the number of failed attempts since the last answer.
func (h *health) failedInRow() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failuresInRow
}
