package build

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"math"
	"math/bits"
	"slices"
	"sync"

	"billwalk/pipeline/normalise"
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
	rows    normalise.Normaliser
	file    *spill.Records
	unit    *unit
	pending block // not sorted yet
	sorted  block // memory for what is written
	ordinal int32 // of the record to come
	seen    []keyHash
}

// keyHash is a hash of a bill's key, and the record that it was found in.
type keyHash struct {
	hash    uint64
	ordinal int32
}

// load reads a certified walk from the archive.
func (l *loader) load(ctx context.Context, archive walk.Reader) error {
	for chunk, err := range inOrder(answerChunks(walk.Certified(ctx, archive, l.unit.certificate), l.unit.certificate), l.normalise) {
		if err != nil {
			return err
		}
		err = l.add(chunk)
		rowsPool.Put(chunk)
		if err != nil {
			return err
		}
	}
	if err := l.flush(blockRows); err != nil {
		return err
	}
	l.unit.repeated = repeatedRecords(l.seen)
	return nil
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
		l.seen = append(l.seen, keyHash{hashOfKey(rows.Bills, i), l.ordinal + int32(i)})
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
		at, err := l.sorted.spillTo(l.file)
		if err != nil {
			return err
		}
		r.blocks = append(r.blocks, at)
	}
	l.unit.runs = append(l.unit.runs, r)
	l.pending.reset()
	return nil
}

var keySeed = maphash.MakeSeed()

// hashOfKey returns a hash of the row's key.
func hashOfKey(bills *schema.Batch, i int) uint64 {
	number := uint64(uint32(bills.Columns[typeColumn].Int32s[i]))
	if sub := &bills.Columns[subTypeColumn]; !sub.IsNull(i) {
		number = number<<32 | uint64(uint32(sub.Int32s[i]))
	}
	return maphash.Bytes(keySeed, bills.Columns[ledgerColumn].TextAt(i)) ^ bits.RotateLeft64(maphash.Bytes(keySeed, bills.Columns[accountColumn].TextAt(i)), 1) ^ number*0x9E3779B97F4A7C15
}

// repeatedRecords returns the records whose key has the hash of another's.
func repeatedRecords(seen []keyHash) map[int32]bool {
	slices.SortFunc(seen, func(a, b keyHash) int { return cmp.Compare(a.hash, b.hash) })
	repeated := make(map[int32]bool)
	for i := 1; i < len(seen); i++ {
		if seen[i].hash == seen[i-1].hash {
			repeated[seen[i-1].ordinal], repeated[seen[i].ordinal] = true, true
		}
	}
	return repeated
}
