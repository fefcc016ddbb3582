package spill

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"fmt"
	"io"
)

// merge yields the records of all runs by key; of one key, those of the earlier run first.
func (s *Sorter) merge(yield func(Sorted, error) bool) {
	var open runReaders
	for i, r := range s.runs {
		in := &runReader{number: i, from: bufio.NewReaderSize(io.NewSectionReader(s.file, r.start, r.end-r.start), readBuffer)}
		if err := in.next(); err != nil {
			yield(Sorted{}, s.readError(err))
			return
		}
		open = append(open, in)
	}
	heap.Init(&open)
	for len(open) > 0 {
		first := open[0]
		if !yield(first.record, nil) {
			return
		}
		switch err := first.next(); err {
		case nil:
			heap.Fix(&open, 0)
		case io.EOF:
			heap.Pop(&open)
		default:
			yield(Sorted{}, s.readError(err))
			return
		}
	}
}

func (s *Sorter) readError(err error) error {
	return fmt.Errorf("reading the local file of %s: %w", s.what, err)
}

// runReader reads a run.
type runReader struct {
	number int
	from   *bufio.Reader
	record Sorted
	data   []byte // of the record
}

// next reads the next record. The error is io.EOF after the last.
func (r *runReader) next() error {
	key, err := binary.ReadUvarint(r.from)
	if err != nil {
		return err
	}
	value, err := binary.ReadUvarint(r.from)
	if err != nil {
		return unexpected(err)
	}
	if n := int(key + value); cap(r.data) < n {
		r.data = make([]byte, 2*n)
	}
	r.data = r.data[:key+value]
	if _, err := io.ReadFull(r.from, r.data); err != nil {
		return unexpected(err)
	}
	r.record = Sorted{r.data[:key:key], r.data[key:]}
	return nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// runReaders are a heap, by the record that comes next.
type runReaders []*runReader

func (r runReaders) Len() int { return len(r) }
func (r runReaders) Less(i, j int) bool {
	return cmp.Or(bytes.Compare(r[i].record.Key, r[j].record.Key), cmp.Compare(r[i].number, r[j].number)) < 0
}
func (r runReaders) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *runReaders) Push(x any)   { *r = append(*r, x.(*runReader)) }
func (r *runReaders) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}
