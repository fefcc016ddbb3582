package build

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"

	"billwalk/pipeline/hashed"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/parallel"
	"billwalk/pipeline/spill"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

const (
	chunkRecords = 4 << 10  // records that are normalised at a time: a chunk holds its answers in memory
	runRows      = 32 << 10 // rows that are sorted at a time
)

// loader loads the rows of one unit.
type loader struct {
	rows normalise.Normaliser
	file *spill.Records
	unit *unit
	*loaderMemory
	ordinal int32             // of the record to come
	seen    hashed.Map[int32] // by bill: its first record
	key     []byte            // memory for a key
}

// loaderMemory is what loaders take one after the other: to grow it anew for each unit would
// copy its rows several times.
type loaderMemory struct {
	pending block // not sorted yet
	sorted  block // memory for what is written
	codec   *blockCodec
}

var loaderMemories = sync.Pool{New: func() any { return &loaderMemory{newBlock(), newBlock(), newBlockCodec()} }}

func newLoader(rows normalise.Normaliser, file *spill.Records, u *unit) *loader {
	return &loader{
		rows: rows, file: file, unit: u, loaderMemory: loaderMemories.Get().(*loaderMemory),
	}
}

// release gives the memory back. The loader is not used any more.
func (l *loader) release() {
	l.pending.reset()
	loaderMemories.Put(l.loaderMemory)
	l.loaderMemory = nil
}

// load loads a certified walk: as it is remembered, else from the archive.
func (l *loader) load(ctx context.Context, recent *walk.Recent, archive walk.Reader) error {
	if found, err := recent.Load(l.unit.certificate, l.add); found {
		return errors.Join(err, l.flush(blockRows))
	}
	for chunk, err := range parallel.InOrder(answerChunks(walk.Certified(ctx, archive, l.unit.certificate), l.unit.certificate), l.normalise) {
		if err != nil {
			return err
		}
		err = l.add(chunk)
		rowsPool.Put(chunk)
		if err != nil {
			return err
		}
	}
	return l.flush(blockRows)
}

// answers are some answers of a walk, or why there are none.
type answers struct {
	all []schema.Answer
	err error
}

// answerChunks joins a walk's answers to chunks of about chunkRecords records.
func answerChunks(all iter.Seq2[schema.Answer, error], c *schema.Certificate) iter.Seq[answers] {
	return func(yield func(answers) bool) {
		var chunk answers
		n, records := 0, 0
		for answer, err := range all {
			if err != nil {
				yield(answers{err: err})
				return
			}
			chunk.all = append(chunk.all, answer)
			records += c.Pages[n].Rows
			n++
			if records < chunkRecords {
				continue
			}
			if !yield(chunk) {
				return
			}
			chunk, records = answers{}, 0
		}
		if len(chunk.all) > 0 {
			yield(chunk)
		}
	}
}

// rowsPool has memory for the rows of chunks.
var rowsPool = sync.Pool{New: func() any { return normalise.NewRows() }}

func (l *loader) normalise(in answers) (*normalise.Rows, error) {
	if in.err != nil {
		return nil, in.err
	}
	rows := rowsPool.Get().(*normalise.Rows)
	rows.Reset()
	for i := range in.all {
		a := &in.all[i]
		if err := l.rows.AddPage(rows, a.Body, l.unit.provenance(a)); err != nil {
			return nil, l.unit.damaged(a, err)
		}
	}
	return rows, nil
}

// add takes the next rows of the walk.
func (l *loader) add(rows *normalise.Rows) error {
	if l.ordinal > math.MaxInt32-int32(rows.Bills.Rows) {
		return fmt.Errorf("%s: a walk of more than %d records", l.unit.certificate.Unit(), math.MaxInt32)
	}
	for i := range rows.Bills.Rows {
		l.note(rows, i)
	}
	accounts := &rows.Bills.Columns[accountColumn]
	for code := range len(accounts.Offsets) - 1 {
		l.unit.payees[string(accounts.Text[accounts.Offsets[code]:accounts.Offsets[code+1]])] = true
	}
	l.pending.add(rows, l.ordinal)
	l.ordinal += int32(rows.Bills.Rows)
	if l.pending.Bills.Rows < runRows {
		return nil
	}
	return l.flush(blockRows)
}

// flush writes the pending rows as a run, in blocks of n.
func (l *loader) flush(n int) error {
	if l.pending.Bills.Rows == 0 {
		return nil
	}
	var r run
	for rows := range slices.Chunk(sortedRows(l.pending.Bills), n) {
		l.sorted.reset()
		l.sorted.gather(&l.pending, rows)
		at, err := l.codec.write(l.file, &l.sorted)
		if err != nil {
			return err
		}
		r.blocks = append(r.blocks, at)
	}
	l.unit.runs = append(l.unit.runs, r)
	l.pending.reset()
	return nil
}

// note notes the records of a bill of which the walk has several.
func (l *loader) note(rows *normalise.Rows, i int) {
	l.key = appendKey(l.key[:0], rows.Bills, i)
	ordinal := l.ordinal + int32(i)
	first, isFirst := l.seen.Add(hashed.Key(normalise.FingerprintOf(l.key)))
	if isFirst {
		*first = ordinal
		return
	}
	if l.unit.repeated == nil {
		l.unit.repeated = make(map[int32]bool)
	}
	l.unit.repeated[*first], l.unit.repeated[ordinal] = true, true
}
