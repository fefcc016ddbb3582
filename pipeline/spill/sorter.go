package spill

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"os"
	"slices"
)

// Sorter sorts records by their keys, in bounded memory: few records never touch the disk,
// many are written to a local file in sorted runs. Records of one key stay in the order in
// which they were added. It is not safe for concurrent use.
type Sorter struct {
	what string // for error messages
	max  int    // bytes of a run
	file *File  // nil while there is no run
	runs []run  // in the file

	records []byte  // that are in no run yet, each behind the lengths of its key and value
	places  []place // of these
	ended   bool
	err     error // why there are no sorted records
}

// run is a sorted part of the file.
type run struct{ start, end int64 }

// place is where a record lies. Its prefix is the part of the key that the run's keys do
// not share, as a number that compares as the bytes do.
type place struct {
	prefix uint64
	offset uint32
}

// maxRun is the maximum size of a run, in bytes: a place is 32 bits.
const maxRun = 1 << 30

// readBuffer is how much of each run is read at a time.
const readBuffer = 64 << 10

// NewSorter returns an empty sorter. what says what the records are, in the plural; it
// appears in error messages only. memory is how many bytes of records are sorted at a time.
func NewSorter(what string, memory int) *Sorter {
	return &Sorter{what: what, max: min(memory, maxRun)}
}

// Add adds a record. It is an error to add one after the end, which Sorted is, too.
func (s *Sorter) Add(key, value []byte) error {
	if s.ended {
		return fmt.Errorf("sorting %s: a record after the end", s.what)
	}
	size := 2*binary.MaxVarintLen32 + len(key) + len(value)
	if len(s.records) > 0 && len(s.records)+size > s.max {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if size > maxRun {
		return fmt.Errorf("sorting %s: a record has %d bytes", s.what, size)
	}
	s.places = append(s.places, place{offset: uint32(len(s.records))})
	s.records = appendRecord(s.room(size), key, value)
	return nil
}

// room returns the records with room for one more of that size. The memory doubles until a run
// is full: growing by a quarter, as append does, would copy each byte four times.
func (s *Sorter) room(size int) []byte {
	need := len(s.records) + size
	if need <= cap(s.records) {
		return s.records
	}
	return append(make([]byte, 0, max(need, min(2*cap(s.records), s.max))), s.records...)
}

// Sorted yields the records by key. It may be called again. A key and value are good until
// the next.
func (s *Sorter) Sorted() iter.Seq2[Sorted, error] {
	return func(yield func(Sorted, error) bool) {
		if err := s.End(s.max); err != nil {
			yield(Sorted{}, err)
			return
		}
		if len(s.runs) > 0 {
			s.merge(yield)
			return
		}
		for _, p := range s.places {
			if !yield(recordAt(s.records[p.offset:]), nil) {
				return
			}
		}
	}
}

// Sorted is a record.
type Sorted struct{ Key, Value []byte }

// Close removes the file and gives back the memory.
func (s *Sorter) Close() error {
	s.records, s.places, s.runs, s.ended, s.err = nil, nil, nil, true, os.ErrClosed
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// End ends the records. Where more than so many bytes of them are in memory, or some are on
// disk, all are written there. It may be called again.
func (s *Sorter) End(memory int) error {
	switch {
	case s.ended:
		return s.err
	case len(s.runs) == 0 && len(s.records) <= max(memory, 0):
		s.ended = true
		s.sort()
		return nil
	}
	s.err = s.flush()
	s.records, s.places, s.ended = nil, nil, true
	return s.err
}

// flush writes a run.
func (s *Sorter) flush() error {
	if s.file == nil {
		file, err := New("billwalk-*." + s.what)
		if err != nil {
			return err
		}
		s.file = file
	}
	s.sort()
	r := run{start: s.file.end}
	pending := make([]byte, 0, maxPending+4<<10)
	for i, p := range s.places {
		record := recordAt(s.records[p.offset:])
		pending = appendRecord(pending, record.Key, record.Value)
		if len(pending) < maxPending && i < len(s.places)-1 {
			continue
		}
		if _, err := s.file.Write(pending); err != nil {
			return fmt.Errorf("writing the local file of %s: %w", s.what, err)
		}
		pending = pending[:0]
	}
	r.end = s.file.end
	s.runs = append(s.runs, r)
	s.records, s.places = s.records[:0], s.places[:0]
	return nil
}

// sort sorts the places. Most comparisons are of the prefixes alone.
func (s *Sorter) sort() {
	shared := s.sharedPrefix()
	for i := range s.places {
		key := s.keyAt(s.places[i])[shared:]
		var prefix [8]byte
		copy(prefix[:], key)
		s.places[i].prefix = binary.BigEndian.Uint64(prefix[:])
	}
	slices.SortFunc(s.places, func(a, b place) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return cmp.Or(bytes.Compare(s.keyAt(a), s.keyAt(b)), cmp.Compare(a.offset, b.offset))
	})
}

// sharedPrefix returns how many bytes all keys have in common at their beginning.
func (s *Sorter) sharedPrefix() int {
	if len(s.places) == 0 {
		return 0
	}
	first := s.keyAt(s.places[0])
	for _, p := range s.places {
		key := s.keyAt(p)
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

func (s *Sorter) keyAt(p place) []byte { return recordAt(s.records[p.offset:]).Key }

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
