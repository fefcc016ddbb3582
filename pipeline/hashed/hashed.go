// Package hashed finds values by hashes.
package hashed

// Key is a hash of 128 bits: what has the same is the same.
type Key [2]uint64

// Map has values by key, and keeps them in the order in which they were added. The zero Map
// is empty, and a nil one, too. Look-ups are safe side by side.
//
// It is for millions of keys that are looked up in about the order in which they came. What
// such a look-up takes is waiting for memory: a built-in map reads several places of it that
// may lie anywhere. Here that is a slot of eight bytes alone, for the value lies beside that
// of the look-up before.
type Map[V any] struct {
	slots  []slot
	blocks [][]entry[V]
	count  int
}

// slot is the place of an entry, counted from 1, and half of one word of its key; 0 is free.
type slot struct{ hash, place uint32 }

type entry[V any] struct {
	key   Key
	value V
}

const (
	minSlots  = 1 << 6
	blockSize = 1 << 9 // entries; they never move
)

// Len returns the number of keys.
func (m *Map[V]) Len() int { return m.count }

// Find returns the place of a key's value, nil if it has none. The place stays the same.
func (m *Map[V]) Find(k Key) *V {
	if m == nil || m.count == 0 {
		return nil
	}
	value, _ := m.find(k)
	return value
}

// find returns the place of a key's value, or nil and its slot, which is free.
func (m *Map[V]) find(k Key) (value *V, free *slot) {
	hash, mask := uint32(k[0]), uint32(len(m.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &m.slots[i]
		if s.place == 0 {
			return nil, s
		}
		if s.hash != hash {
			continue
		}
		at := s.place - 1
		if e := &m.blocks[at/blockSize][at%blockSize]; e.key == k {
			return &e.value, nil
		}
	}
}

// Add returns the place of a key's value, and whether the key is new: then the value is zero.
func (m *Map[V]) Add(k Key) (value *V, added bool) {
	if 3*m.count >= 2*len(m.slots) {
		m.grow()
	}
	value, free := m.find(k)
	if value != nil {
		return value, false
	}
	if m.count%blockSize == 0 {
		m.blocks = append(m.blocks, make([]entry[V], blockSize))
	}
	e := &m.blocks[m.count/blockSize][m.count%blockSize]
	e.key = k
	m.count++
	*free = slot{uint32(k[0]), uint32(m.count)}
	return &e.value, true
}

// grow doubles the slots. They know enough to find their new places by themselves.
func (m *Map[V]) grow() {
	before := m.slots
	m.slots = make([]slot, max(minSlots, 2*len(before)))
	mask := uint32(len(m.slots) - 1)
	for _, s := range before {
		if s.place == 0 {
			continue
		}
		i := s.hash & mask
		for m.slots[i].place != 0 {
			i = (i + 1) & mask
		}
		m.slots[i] = s
	}
}

// All yields the keys and values in the order in which they were added.
func (m *Map[V]) All(yield func(Key, V) bool) {
	for i := range m.count {
		if e := &m.blocks[i/blockSize][i%blockSize]; !yield(e.key, e.value) {
			return
		}
	}
}
