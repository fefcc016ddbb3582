package schema

import "slices"

// Batch holds rows of a table by column. Its columns are in the table's order, laid out
// as Arrow lays them out, so that they can be encoded without a copy.
type Batch struct {
	Rows    int
	Columns []Vector
}

// NewBatch returns an empty batch of a table.
func NewBatch(columns []Column) *Batch {
	b := &Batch{Columns: make([]Vector, len(columns))}
	for i, c := range columns {
		b.Columns[i] = newVector(c)
	}
	return b
}

// Reset removes the rows and keeps the memory.
func (b *Batch) Reset() {
	b.Rows = 0
	for i := range b.Columns {
		b.Columns[i].Reset()
	}
}

// Gather adds rows of another batch of the same table, in the order given.
func (b *Batch) Gather(from *Batch, rows []int32) {
	for i := range b.Columns {
		b.Columns[i].gather(&from.Columns[i], rows)
	}
	b.Rows += len(rows)
}

// Append adds all rows of another batch of the same table.
func (b *Batch) Append(from *Batch) {
	for i := range b.Columns {
		b.Columns[i].appendAll(&from.Columns[i])
	}
	b.Rows += from.Rows
}

// Reserve makes room for rows to be added, of which those of another batch of the same table
// are a sample. Growing little by little would copy them several times.
func (b *Batch) Reserve(rows int, sample *Batch) {
	if sample.Rows == 0 {
		return
	}
	for i := range b.Columns {
		b.Columns[i].reserve(rows, &sample.Columns[i], sample.Rows)
	}
}

// AppendTo adds a row to a batch of the table.
func (t Table[R]) AppendTo(b *Batch, row *R) {
	for i := range t.Fields {
		t.Fields[i].put(&b.Columns[i], row)
	}
	b.Rows++
}

// LoadFrom sets the row's columns from place i of a batch of the table. The row does not
// refer to the batch.
func (t Table[R]) LoadFrom(b *Batch, i int, row *R) {
	for c := range t.Fields {
		t.Fields[c].take(&b.Columns[c], i, row)
	}
}

// ColumnIndex returns the place of a column in the table, or -1.
func (t Table[R]) ColumnIndex(name string) int {
	return slices.IndexFunc(t.Fields, func(f Field[R]) bool { return f.Name == name })
}
