package spill

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// pending are records in memory, before they are a run.
type pending struct {
	records []byte  // each behind the lengths of its key and value
	places  []place // of these
}

// place is where a record lies. Its prefix is the part of the key that the run's keys do
// not share, as a number that compares as the bytes do.
type place struct {
	prefix uint64
	offset uint32
}

// maxRun is the maximum size of a run, in bytes: a place is 32 bits.
const maxRun = 1 << 30

// recordSize returns how many bytes a record takes at most.
func recordSize(key, value []byte) int { return 2*binary.MaxVarintLen32 + len(key) + len(value) }

// add adds a record. The memory doubles until it has as many bytes as the limit: growing by a quarter, as append
// does, would copy each byte four times.
func (p *pending) add(key, value []byte, limit int) {
	if need := len(p.records) + recordSize(key, value); need > cap(p.records) {
		p.records = append(make([]byte, 0, max(need, min(2*cap(p.records), limit))), p.records...)
	}
	p.places = append(p.places, place{offset: uint32(len(p.records))})
	p.records = appendRecord(p.records, key, value)
}

// reset removes the records and keeps the memory.
func (p *pending) reset() { p.records, p.places = p.records[:0], p.places[:0] }

// sort sorts the places. Most comparisons are of the prefixes alone.
func (p *pending) sort() {
	shared := p.sharedPrefix()
	for i := range p.places {
		key := p.keyAt(p.places[i])[shared:]
		var prefix [8]byte
		copy(prefix[:], key)
		p.places[i].prefix = binary.BigEndian.Uint64(prefix[:])
	}
	slices.SortFunc(p.places, func(a, b place) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return cmp.Or(bytes.Compare(p.keyAt(a), p.keyAt(b)), cmp.Compare(a.offset, b.offset))
	})
}

// sharedPrefix returns how many bytes all keys have in common at their beginning.
func (p *pending) sharedPrefix() int {
	if len(p.places) == 0 {
		return 0
	}
	first := p.keyAt(p.places[0])
	for _, at := range p.places {
		key := p.keyAt(at)
		n := min(len(first), len(key))
		for i := range n {
			if key[i] != first[i] {
				n = i
				break
			}
		}
		first = first[:n]
	}
	return len(first)
}

func (p *pending) keyAt(at place) []byte { return recordAt(p.records[at.offset:]).Key }

func appendRecord(to, key, value []byte) []byte {
	to = binary.AppendUvarint(to, uint64(len(key)))
	to = binary.AppendUvarint(to, uint64(len(value)))
	return append(append(to, key...), value...)
}

// recordAt returns the record at the beginning of the data.
func recordAt(data []byte) Sorted {
	key, n := binary.Uvarint(data)
	value, m := binary.Uvarint(data[n:])
	data = data[n+m:]
	return Sorted{data[:key:key], data[key : key+value : key+value]}
}
