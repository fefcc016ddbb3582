package sandbox

import "sync"

// memory counts how often the same thing was asked. It forgets everything when
// it is full, which only lets faults strike anew.
type memory struct {
	mu    sync.Mutex
	asked map[uint64]int
}

const mostMemories = 1 << 20

func newMemory() memory { return memory{asked: map[uint64]int{}} }

// again counts one more asking of the thing and returns the count, from 1.
func (m *memory) again(thing uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.asked) >= mostMemories {
		clear(m.asked)
	}
	m.asked[thing]++
	return m.asked[thing]
}

// times returns how often the thing was asked so far.
func (m *memory) times(thing uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked[thing]
}
