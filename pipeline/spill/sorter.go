package spill

import (
	"cmp"
	"fmt"
	"iter"
	"os"
)

// Sorter sorts records by their keys, in bounded memory: few records never touch the disk,
// many are written to a local file in sorted runs, one side by side with what is added next.
// Records of one key stay in the order in which they were added. It is not safe for concurrent use.
type Sorter struct {
	what string // for error messages
	max  int    // bytes of a run: half of the memory
	file *File  // nil while there is no run
	runs []run  // in the file

	pending pending    // records that are in no run yet
	full    pending    // the next run while it is written, and its memory afterwards
	written chan error // the end of that; nil while none is written
	ended   bool
	err     error // why there are no sorted records
}

// run is a sorted part of the file.
type run struct{ start, end int64 }

// readBuffer is how much of each run is read at a time.
const readBuffer = 64 << 10

// NewSorter returns an empty sorter. what says what the records are, in the plural; it
// appears in error messages only. memory is how many bytes of records it holds.
func NewSorter(what string, memory int) *Sorter {
	return &Sorter{what: what, max: min(memory/2, maxRun)}
}

// Add adds a record. It is an error to add one after the end, which Sorted is, too.
func (s *Sorter) Add(key, value []byte) error {
	if s.ended {
		return fmt.Errorf("sorting %s: a record after the end", s.what)
	}
	size := recordSize(key, value)
	if len(s.pending.records) > 0 && len(s.pending.records)+size > s.max {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if size > maxRun {
		return fmt.Errorf("sorting %s: a record has %d bytes", s.what, size)
	}
	s.pending.add(key, value, s.max)
	return nil
}

// Sorted yields the records by key. It may be called again. A key and value are good until
// the next.
func (s *Sorter) Sorted() iter.Seq2[Sorted, error] {
	return func(yield func(Sorted, error) bool) {
		if err := cmp.Or(s.End(s.max), s.wait()); err != nil {
			yield(Sorted{}, err)
			return
		}
		if len(s.runs) > 0 {
			s.merge(yield)
			return
		}
		for _, at := range s.pending.places {
			if !yield(recordAt(s.pending.records[at.offset:]), nil) {
				return
			}
		}
	}
}

// Sorted is a record.
type Sorted struct{ Key, Value []byte }

// Close removes the file and gives back the memory.
func (s *Sorter) Close() error {
	_ = s.wait() // nobody reads the records any more
	s.pending, s.full, s.runs, s.ended, s.err = pending{}, pending{}, nil, true, os.ErrClosed
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// End ends the records. Where more than so many bytes of them are in memory, or some are on
// disk, all are written there, side by side with what the caller does next: an error of that is
// one of Sorted. It may be called again.
func (s *Sorter) End(memory int) error {
	switch {
	case s.ended:
		return s.err
	case s.file == nil && len(s.pending.records) <= max(memory, 0):
		s.ended = true
		s.pending.sort()
		return nil
	}
	s.ended = true
	return s.flush()
}

// flush begins to write a run, once the one before is written.
func (s *Sorter) flush() error {
	if err := s.wait(); err != nil {
		return err
	}
	if s.file == nil {
		if s.file, s.err = New("billwalk-*." + s.what); s.err != nil {
			return s.err
		}
	}
	s.pending, s.full = s.full, s.pending
	if s.ended {
		s.pending = pending{}
	}
	last, written := s.ended, make(chan error, 1)
	s.written = written
	go func() {
		err := s.writeRun()
		if s.full.reset(); last {
			s.full = pending{}
		}
		written <- err
	}()
	return nil
}

// wait waits until the run is written that is written at present.
func (s *Sorter) wait() error {
	if s.written != nil {
		s.err = <-s.written
		s.written = nil
	}
	return s.err
}

// writeRun sorts and writes a run.
func (s *Sorter) writeRun() error {
	s.full.sort()
	start := s.file.end
	data := make([]byte, 0, maxPending+4<<10)
	for i, at := range s.full.places {
		record := recordAt(s.full.records[at.offset:])
		data = appendRecord(data, record.Key, record.Value)
		if len(data) < maxPending && i < len(s.full.places)-1 {
			continue
		}
		if _, err := s.file.Write(data); err != nil {
			return fmt.Errorf("writing the local file of %s: %w", s.what, err)
		}
		data = data[:0]
	}
	s.runs = append(s.runs, run{start, s.file.end})
	return nil
}
