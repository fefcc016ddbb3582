package sandbox

import "sync"

// queryCounts counts equal queries, by their hash. It forgets everything when it is
// full, which only repeats some faults.
type queryCounts struct {
	mu     sync.Mutex
	counts map[uint64]int
}

const maxCounts = 1 << 20

func newQueryCounts() queryCounts { return queryCounts{counts: map[uint64]int{}} }

// increment counts a query, and returns the count including it.
func (m *queryCounts) increment(hash uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.counts) >= maxCounts {
		clear(m.counts)
	}
	m.counts[hash]++
	return m.counts[hash]
}

// count returns the count so far.
func (m *queryCounts) count(hash uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[hash]
}
