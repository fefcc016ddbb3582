package normalise

import (
	"errors"

	"billwalk/schema"
)

// RowsCodec writes rows to local data, and reads them back. Its memory is used again. The zero
// value is not usable: see NewRowsCodec.
type RowsCodec struct {
	outcomes     *schema.Batch // by row
	exceptions   *schema.Batch
	exceptionsAt *schema.Batch // the rows of the exceptions
}

// NewRowsCodec returns a codec.
func NewRowsCodec() RowsCodec {
	number := func(name string) *schema.Batch {
		return schema.NewBatch([]schema.Column{{Name: name, Type: schema.Int32}})
	}
	return RowsCodec{number("outcomes"), schema.NewBatch(schema.Exceptions.Columns()), number("row")}
}

// Append adds the rows to the data.
func (c *RowsCodec) Append(data []byte, rows *Rows) []byte {
	for _, part := range []*schema.Batch{c.outcomes, c.exceptions, c.exceptionsAt} {
		part.Reset()
	}
	for i := range rows.Outcomes {
		var all int32
		for k, o := range rows.Outcomes[i] {
			all |= int32(o) << (8 * k)
		}
		c.outcomes.Columns[0].AppendInt32(all)
		c.outcomes.Rows++
	}
	for i := range rows.Exceptions {
		schema.Exceptions.AppendTo(c.exceptions, &rows.Exceptions[i].Exception)
		c.exceptionsAt.Columns[0].AppendInt32(int32(rows.Exceptions[i].Row))
		c.exceptionsAt.Rows++
	}
	for _, part := range []*schema.Batch{rows.Bills, c.outcomes, c.exceptions, c.exceptionsAt} {
		data = part.AppendBytes(data)
	}
	return data
}

// Read replaces the rows by those that Append has added, and returns the data after them. The
// rows refer to the data, and are not to be added to.
func (c *RowsCodec) Read(data []byte, rows *Rows) (rest []byte, err error) {
	for _, part := range []*schema.Batch{rows.Bills, c.outcomes, c.exceptions, c.exceptionsAt} {
		if data, err = part.SetBytes(data); err != nil {
			return nil, err
		}
	}
	if c.outcomes.Rows != rows.Bills.Rows || c.exceptionsAt.Rows != c.exceptions.Rows {
		return nil, errors.New("the rows are not those that were written")
	}
	rows.Outcomes, rows.Exceptions = rows.Outcomes[:0], rows.Exceptions[:0]
	for _, all := range c.outcomes.Columns[0].Int32s {
		var outcomes Outcomes
		for k := range outcomes {
			outcomes[k] = Outcome(all >> (8 * k))
		}
		rows.Outcomes = append(rows.Outcomes, outcomes)
	}
	for i := range c.exceptions.Rows {
		e := RowException{Row: int(c.exceptionsAt.Columns[0].Int32s[i])}
		schema.Exceptions.LoadFrom(c.exceptions, i, &e.Exception)
		rows.Exceptions = append(rows.Exceptions, e)
	}
	return data, nil
}
