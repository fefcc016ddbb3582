package hashed

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMap: it is a built-in map that keeps the order, also of keys that have the same slot,
// and all of their words but one bit in common.
func TestMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.Uint64Range(0, 3), rapid.SampledFrom([]uint64{1 << 31, 1 << 32, 1<<32 + 1, 1 << 63}), rapid.Uint64())
		var m Map[int]
		want, order := make(map[Key]int), []Key(nil)
		for n := range rapid.IntRange(0, 3*blockSize).Draw(t, "keys") {
			k := Key{word.Draw(t, "first"), word.Draw(t, "second")}
			before, known := want[k]
			if found := m.Find(k); (found != nil) != known || known && *found != before {
				t.Fatalf("%v: found %v, want %v, %d", k, found, known, before)
			}
			value, added := m.Add(k)
			if added == known || added && *value != 0 {
				t.Fatalf("%v: added %v with %d, known before: %v", k, added, *value, known)
			}
			if added {
				order = append(order, k)
			}
			*value, want[k] = n+1, n+1
		}
		at := 0
		for k, v := range m.All {
			if k != order[at] || v != want[k] {
				t.Fatalf("entry %d is %v with %d, want %v with %d", at, k, v, order[at], want[k])
			}
			at++
		}
		if at != len(order) || m.Len() != len(order) {
			t.Fatalf("%d entries, Len %d, want %d", at, m.Len(), len(order))
		}
	})
}

// BenchmarkFind looks up a million keys in about the order in which they were added, beside a
// built-in map.
func BenchmarkFind(b *testing.B) {
	const count, accounts = 1 << 20, 40
	random := rand.New(rand.NewPCG(1, 2))
	keys := make([]Key, count)
	for i := range keys {
		keys[i] = Key{random.Uint64(), random.Uint64()}
	}
	merged := make([]Key, 0, count) // the keys of accounts, which are added one after the other, by turns
	for i := range accounts {
		for k := i; k < count; k += accounts {
			merged = append(merged, keys[k])
		}
	}
	b.Run("Map", func(b *testing.B) {
		var m Map[[3]int64]
		for _, k := range merged {
			m.Add(k)
		}
		for b.Loop() {
			for _, k := range keys {
				if m.Find(k) == nil {
					b.Fatal("a key is missing")
				}
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		m := make(map[Key][3]int64)
		for _, k := range merged {
			m[k] = [3]int64{}
		}
		for b.Loop() {
			if !slices.ContainsFunc(keys, func(k Key) bool { _, ok := m[k]; return !ok }) {
				continue
			}
			b.Fatal("a key is missing")
		}
	})
}
