package build

import (
	"cmp"
	"iter"
	"sort"

	"billwalk/pipeline/spill"
)

// run is a sorted part of a unit's rows, on local disk.
type run struct {
	blocks []spill.Place
}

// cursor reads a run, block by block.
type cursor struct {
	file  *spill.Records
	rest  []spill.Place
	codec *blockCodec
	block
	from int // the first row of the block that is not taken yet
}

// next reads the next block. It reports whether there is one.
func (c *cursor) next() (bool, error) {
	if len(c.rest) == 0 {
		return false, nil
	}
	err := c.codec.read(c.file, c.rest[0], &c.block)
	c.rest, c.from = c.rest[1:], 0
	return err == nil, err
}

// compare compares a row with the last row of another's block, by bill and then by record.
func (c *cursor) compare(i int, end *cursor) int {
	last := end.Bills.Rows - 1
	return cmp.Or(compareBills(c.Bills, i, end.Bills, last), cmp.Compare(c.ordinals[i], end.ordinals[last]))
}

// merger merges the runs of one walk after the other. Its memory is used again.
type merger struct {
	file        *spill.Records
	free        []*cursor // that have no run
	all, sorted block     // rows of several cursors
}

func newMerger(file *spill.Records) *merger {
	return &merger{file: file, all: newBlock(), sorted: newBlock()}
}

// open returns a cursor of a run.
func (m *merger) open(r run) *cursor {
	c := &cursor{file: m.file, codec: newBlockCodec(), block: newBlock()}
	if last := len(m.free) - 1; last >= 0 {
		c, m.free = m.free[last], m.free[:last]
	}
	c.rest, c.from = r.blocks, c.Bills.Rows // of the run it has no row yet
	return c
}

// merged yields the rows of a walk's sorted runs in one order: of rows of one bill, that of an
// earlier record first. A block is good until the next.
func (m *merger) merged(runs []run) iter.Seq2[*block, error] {
	return func(yield func(*block, error) bool) {
		var cursors []*cursor
		for _, r := range runs {
			cursors = append(cursors, m.open(r))
		}
		for {
			var err error
			if cursors, err = m.refill(cursors); err != nil {
				yield(nil, err)
				return
			}
			if len(cursors) == 0 {
				return
			}
			b := &cursors[0].block
			if len(cursors) == 1 && cursors[0].from == 0 {
				cursors[0].from = b.Bills.Rows
			} else {
				b = m.firstOf(cursors)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// firstOf takes the rows of all cursors' blocks up to the block that ends first.
func (m *merger) firstOf(cursors []*cursor) *block {
	end := cursors[0]
	for _, c := range cursors[1:] {
		if c.compare(c.Bills.Rows-1, end) < 0 {
			end = c
		}
	}
	m.all.reset()
	for _, c := range cursors {
		n := c.from + sort.Search(c.Bills.Rows-c.from, func(i int) bool {
			return c.compare(c.from+i, end) > 0
		})
		m.all.gather(&c.block, rowsFrom(c.from, n))
		c.from = n
	}
	m.sorted.reset()
	m.sorted.gather(&m.all, sortedRows(m.all.Bills))
	return &m.sorted
}

// refill reads on where a block is used up. It leaves out the cursors at their end.
func (m *merger) refill(cursors []*cursor) ([]*cursor, error) {
	left := cursors[:0]
	for _, c := range cursors {
		if c.from == c.Bills.Rows {
			more, err := c.next()
			if err != nil {
				return nil, err
			}
			if !more {
				m.free = append(m.free, c)
				continue
			}
		}
		left = append(left, c)
	}
	return left, nil
}

func rowsFrom(from, to int) []int32 {
	rows := make([]int32, to-from)
	for i := range rows {
		rows[i] = int32(from + i)
	}
	return rows
}
