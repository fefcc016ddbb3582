package build

import (
	"errors"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// blockRows is how many rows are read back at a time.
const blockRows = 2 << 10

// block is some rows of a unit's walk.
type block struct {
	*normalise.Rows
	ordinals []int32 // of the rows' records in the walk
}

func newBlock() block { return block{Rows: normalise.NewRows()} }

// add adds rows whose records follow those of the block in the walk.
func (b *block) add(rows *normalise.Rows, first int32) {
	for i := range rows.Exceptions {
		e := rows.Exceptions[i]
		e.Row += b.Bills.Rows
		b.Exceptions = append(b.Exceptions, e)
	}
	for i := range rows.Bills.Rows {
		b.ordinals = append(b.ordinals, first+int32(i))
	}
	b.Bills.Append(rows.Bills)
	b.Outcomes = append(b.Outcomes, rows.Outcomes...)
}

// gather adds rows of another block, in the order given.
func (b *block) gather(from *block, rows []int32) {
	found := from.exceptionsByRow()
	for i, row := range rows {
		for _, e := range found[int(row)] {
			e.Row = b.Bills.Rows + i
			b.Exceptions = append(b.Exceptions, e)
		}
		b.ordinals = append(b.ordinals, from.ordinals[row])
		b.Outcomes = append(b.Outcomes, from.Outcomes[row])
	}
	b.Bills.Gather(from.Bills, rows)
}

func (b *block) exceptionsByRow() map[int][]normalise.RowException {
	if len(b.Exceptions) == 0 {
		return nil
	}
	found := make(map[int][]normalise.RowException)
	for _, e := range b.Exceptions {
		found[e.Row] = append(found[e.Row], e)
	}
	return found
}

func (b *block) reset() {
	b.Rows.Reset()
	b.ordinals = b.ordinals[:0]
}

// spillTo writes the block to local disk.
func (b *block) spillTo(file *spill.Records) (spill.Place, error) {
	data := b.Bills.AppendBytes(nil)
	rows := schema.NewBatch(placed)
	for i := range b.Outcomes {
		var all int32
		for k, o := range b.Outcomes[i] {
			all |= int32(o) << (8 * k)
		}
		rows.Columns[0].AppendInt32(b.ordinals[i])
		rows.Columns[1].AppendInt32(all)
		rows.Rows++
	}
	data = rows.AppendBytes(data)
	exceptions := schema.NewBatch(schema.Exceptions.Columns())
	at := schema.NewBatch(placed[:1])
	for i := range b.Exceptions {
		schema.Exceptions.AppendTo(exceptions, &b.Exceptions[i].Exception)
		at.Columns[0].AppendInt32(int32(b.Exceptions[i].Row))
		at.Rows++
	}
	return file.Add(at.AppendBytes(exceptions.AppendBytes(data)))
}

// placed are the columns of what a block has beside its bills.
var placed = []schema.Column{{Name: "ordinal", Type: schema.Int32}, {Name: "outcomes", Type: schema.Int32}}

// readBlock reads a block that was spilled.
func readBlock(file *spill.Records, at spill.Place) (block, error) {
	data, err := file.Read(at)
	if err != nil {
		return block{}, err
	}
	b, rows := newBlock(), schema.NewBatch(placed)
	exceptions, rowsOf := schema.NewBatch(schema.Exceptions.Columns()), schema.NewBatch(placed[:1])
	for _, part := range []*schema.Batch{b.Bills, rows, exceptions, rowsOf} {
		var err error
		if data, err = part.SetBytes(data); err != nil {
			return block{}, err
		}
	}
	if len(data) > 0 || rows.Rows != b.Bills.Rows {
		return block{}, errors.New("a block of bills is not what was written")
	}
	b.ordinals = rows.Columns[0].Int32s
	b.Outcomes = make([]normalise.Outcomes, rows.Rows)
	for i, all := range rows.Columns[1].Int32s {
		for k := range b.Outcomes[i] {
			b.Outcomes[i][k] = normalise.Outcome(all >> (8 * k))
		}
	}
	b.Exceptions = make([]normalise.RowException, exceptions.Rows)
	for i := range b.Exceptions {
		b.Exceptions[i].Row = int(rowsOf.Columns[0].Int32s[i])
		schema.Exceptions.LoadFrom(exceptions, i, &b.Exceptions[i].Exception)
	}
	return b, nil
}
