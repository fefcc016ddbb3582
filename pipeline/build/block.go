package build

import (
	"errors"
	"sort"

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
	for i, row := range rows {
		for _, e := range from.exceptionsOf(int(row)) {
			e.Row = b.Bills.Rows + i
			b.Exceptions = append(b.Exceptions, e)
		}
		b.ordinals = append(b.ordinals, from.ordinals[row])
		b.Outcomes = append(b.Outcomes, from.Outcomes[row])
	}
	b.Bills.Gather(from.Bills, rows)
}

// exceptionsOf returns the exceptions of a row. All are in the order of their rows.
func (b *block) exceptionsOf(row int) []normalise.RowException {
	from := sort.Search(len(b.Exceptions), func(i int) bool { return b.Exceptions[i].Row >= row })
	to := from
	for to < len(b.Exceptions) && b.Exceptions[to].Row == row {
		to++
	}
	return b.Exceptions[from:to]
}

func (b *block) reset() {
	b.Rows.Reset()
	b.ordinals = b.ordinals[:0]
}

// placed are the columns of what a block has beside its bills and exceptions.
var placed = []schema.Column{{Name: "ordinal", Type: schema.Int32}, {Name: "outcomes", Type: schema.Int32}}

// blockCodec writes blocks to local disk and reads them back. Its memory is used again.
type blockCodec struct {
	data         []byte
	rows         *schema.Batch // placed, by row
	exceptions   *schema.Batch
	exceptionsAt *schema.Batch // the rows of the exceptions
}

func newBlockCodec() *blockCodec {
	return &blockCodec{rows: schema.NewBatch(placed), exceptions: schema.NewBatch(schema.Exceptions.Columns()), exceptionsAt: schema.NewBatch(placed[:1])}
}

// write writes a block.
func (c *blockCodec) write(file *spill.Records, b *block) (spill.Place, error) {
	c.rows.Reset()
	for i := range b.Outcomes {
		var all int32
		for k, o := range b.Outcomes[i] {
			all |= int32(o) << (8 * k)
		}
		c.rows.Columns[0].AppendInt32(b.ordinals[i])
		c.rows.Columns[1].AppendInt32(all)
		c.rows.Rows++
	}
	c.exceptions.Reset()
	c.exceptionsAt.Reset()
	for i := range b.Exceptions {
		schema.Exceptions.AppendTo(c.exceptions, &b.Exceptions[i].Exception)
		c.exceptionsAt.Columns[0].AppendInt32(int32(b.Exceptions[i].Row))
		c.exceptionsAt.Rows++
	}
	c.data = c.data[:0]
	for _, part := range []*schema.Batch{b.Bills, c.rows, c.exceptions, c.exceptionsAt} {
		c.data = part.AppendBytes(c.data)
	}
	return file.Add(c.data)
}

// read reads a block into b, which then is not to be added to, and good until the next.
func (c *blockCodec) read(file *spill.Records, at spill.Place, b *block) (err error) {
	if c.data, err = file.AppendTo(c.data[:0], at); err != nil {
		return err
	}
	data := c.data
	for _, part := range []*schema.Batch{b.Bills, c.rows, c.exceptions, c.exceptionsAt} {
		if data, err = part.SetBytes(data); err != nil {
			return err
		}
	}
	if len(data) > 0 || c.rows.Rows != b.Bills.Rows || c.exceptionsAt.Rows != c.exceptions.Rows {
		return errors.New("a block of bills is not what was written")
	}
	b.ordinals, b.Outcomes, b.Exceptions = c.rows.Columns[0].Int32s, b.Outcomes[:0], b.Exceptions[:0]
	for _, all := range c.rows.Columns[1].Int32s {
		var outcomes normalise.Outcomes
		for k := range outcomes {
			outcomes[k] = normalise.Outcome(all >> (8 * k))
		}
		b.Outcomes = append(b.Outcomes, outcomes)
	}
	for i := range c.exceptions.Rows {
		e := normalise.RowException{Row: int(c.exceptionsAt.Columns[0].Int32s[i])}
		schema.Exceptions.LoadFrom(c.exceptions, i, &e.Exception)
		b.Exceptions = append(b.Exceptions, e)
	}
	return nil
}
