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

// blockCodec writes blocks to local disk and reads them back. Its memory is used again.
type blockCodec struct {
	data     []byte
	rows     normalise.RowsCodec
	ordinals *schema.Batch
}

func newBlockCodec() *blockCodec {
	return &blockCodec{rows: normalise.NewRowsCodec(), ordinals: schema.NewBatch([]schema.Column{{Name: "ordinal", Type: schema.Int32}})}
}

// write writes a block.
func (c *blockCodec) write(file *spill.Records, b *block) (spill.Place, error) {
	c.ordinals.Reset()
	for _, ordinal := range b.ordinals {
		c.ordinals.Columns[0].AppendInt32(ordinal)
		c.ordinals.Rows++
	}
	c.data = c.ordinals.AppendBytes(c.rows.Append(c.data[:0], b.Rows))
	return file.Add(c.data)
}

// read reads a block into b, which then is not to be added to, and good until the next.
func (c *blockCodec) read(file *spill.Records, at spill.Place, b *block) (err error) {
	if c.data, err = file.AppendTo(c.data[:0], at); err != nil {
		return err
	}
	rest, err := c.rows.Read(c.data, b.Rows)
	if err == nil {
		rest, err = c.ordinals.SetBytes(rest)
	}
	if err != nil {
		return err
	}
	if len(rest) > 0 || c.ordinals.Rows != b.Bills.Rows {
		return errors.New("a block of bills is not what was written")
	}
	b.ordinals = c.ordinals.Columns[0].Int32s
	return nil
}
