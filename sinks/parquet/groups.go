package parquet

import (
	"runtime"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/parquet/compress"

	"billwalk/schema"
	"billwalk/sinks/parquet/pages"
)

// groups gathers rows into row groups, and encodes these on all processors.
type groups struct {
	table     schema.AnyTable
	columns   []schema.Column
	begin     func() (*fileWriter, error)
	limits    limits
	file      *fileWriter   // nil before the first row group
	pending   *schema.Batch // rows of the next row group; nil before the first
	workspace *workspace    // nil before the first row group
}

// workspace is the memory that the encoding of a row group takes. It goes from one writer to the next.
type workspace struct {
	chunks  []pages.Chunk // by leaf, at least as many as the table has
	workers []pages.Encoder
}

var spare = sync.Pool{New: func() any { return new(workspace) }}

// limits say where a row group ends: with the row that reaches one of them.
type limits struct{ rows, texts int }

// append adds a row.
func (g *groups) append(row any) error {
	g.table.AppendRowTo(g.waiting(), row)
	if g.pending.Rows < g.limits.rows && texts(g.pending, 0, g.pending.Rows) < g.limits.texts {
		return nil
	}
	return g.flush()
}

// appendBatch adds all rows of a batch. A row group ends with the same row as if they were
// added one by one.
func (g *groups) appendBatch(b *schema.Batch) error {
	for from := 0; from < b.Rows; {
		before, size := 0, 0
		if g.pending != nil {
			before, size = g.pending.Rows, texts(g.pending, 0, g.pending.Rows)
		}
		to := min(b.Rows, from+g.limits.rows-before)
		ends := before+to-from == g.limits.rows
		if size+texts(b, from, to) >= g.limits.texts {
			ends = true
			to = from + 1 + sort.Search(to-from, func(n int) bool { return size+texts(b, from, from+n+1) >= g.limits.texts })
		}
		if err := g.addRows(b, from, to, ends); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// addRows adds rows from to to-1 of a batch, which may end a row group. A whole one is
// encoded where it lies.
func (g *groups) addRows(b *schema.Batch, from, to int, ends bool) error {
	if ends && (g.pending == nil || g.pending.Rows == 0) {
		return g.encode(b, from, to)
	}
	g.gather(b, from, to)
	if ends {
		return g.flush()
	}
	return nil
}

// waiting returns the rows that wait for others.
func (g *groups) waiting() *schema.Batch {
	if g.pending == nil {
		g.pending = schema.NewBatch(g.columns)
	}
	return g.pending
}

// gather adds rows from to to-1 of a batch to those that wait.
func (g *groups) gather(b *schema.Batch, from, to int) {
	if from == 0 && to == b.Rows {
		g.waiting().Append(b)
		return
	}
	rows := make([]int32, to-from)
	for i := range rows {
		rows[i] = int32(from + i)
	}
	g.waiting().Gather(b, rows)
}

// texts returns the bytes of texts of some rows, without those in dictionaries.
func texts(b *schema.Batch, from, to int) (bytes int) {
	for i := range b.Columns {
		v, first, end := &b.Columns[i], from, to
		if v.Lists != nil {
			v, first, end = &v.Items[0], int(v.Lists[from]), int(v.Lists[to])
		}
		if v.Offsets != nil && !v.Coded() {
			bytes += int(v.Offsets[end] - v.Offsets[first])
		}
	}
	return bytes
}

// flush writes the rows that wait as a row group. An empty table has no row group at all,
// rather than one without statistics.
func (g *groups) flush() error {
	if g.pending == nil || g.pending.Rows == 0 {
		return nil
	}
	err := g.encode(g.pending, 0, g.pending.Rows)
	g.pending.Reset()
	return err
}

// encode writes rows from to to-1 of a batch as a row group.
func (g *groups) encode(b *schema.Batch, from, to int) error {
	if err := g.start(); err != nil {
		return err
	}
	var next atomic.Int32
	var wait sync.WaitGroup
	chunks, workers := g.workspace.chunks[:len(g.file.leaves)], g.workspace.workers
	for i := range workers {
		wait.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(chunks); n = int(next.Add(1)) - 1 {
				l := g.file.leaves[n]
				workers[i].Encode(&chunks[n], &g.columns[l.column], &b.Columns[l.column], l.item, from, to)
			}
		})
	}
	wait.Wait()
	return g.file.writeGroup(chunks, to-from)
}

// start creates the file, unless it exists.
func (g *groups) start() (err error) {
	if g.file != nil {
		return nil
	}
	if g.file, err = g.begin(); err != nil {
		return err
	}
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		return err
	}
	m := spare.Get().(*workspace)
	if missing := len(g.file.leaves) - len(m.chunks); missing > 0 {
		m.chunks = append(m.chunks, make([]pages.Chunk, missing)...)
	}
	if processors := runtime.GOMAXPROCS(0); len(m.workers) != processors {
		m.workers = make([]pages.Encoder, processors)
	}
	for i := range m.workers {
		m.workers[i].Compressor, m.workers[i].Level = codec, zstdLevel
	}
	g.workspace = m
	return nil
}

// release releases the memory.
func (g *groups) release() {
	if g.workspace != nil {
		spare.Put(g.workspace)
	}
	g.pending, g.workspace = nil, nil
}
