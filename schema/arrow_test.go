package schema

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// arrowOf returns rows, pointers to rows of the table, as a record of Arrow's own builders.
func arrowOf(t *testing.T, table AnyTable, rows ...any) arrow.RecordBatch {
	t.Helper()
	description := table.Describe()
	batch := NewBatch(description.Columns)
	for _, row := range rows {
		table.AppendRowTo(batch, row)
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, description.Arrow())
	defer builder.Release()
	for c, column := range description.Columns {
		for i := range rows {
			appendValue(builder.Field(c), column.Type, &batch.Columns[c], i)
		}
	}
	record := builder.NewRecordBatch()
	t.Cleanup(record.Release)
	return record
}

// appendValue appends the value at a place of a vector.
func appendValue(to array.Builder, of Type, v *Vector, i int) {
	if v.IsNull(i) {
		to.AppendNull()
		return
	}
	switch to := to.(type) {
	case *array.StringBuilder:
		to.Append(string(v.TextAt(i)))
	case *array.Int64Builder:
		to.Append(v.Int64s[i])
	case *array.Int32Builder:
		to.Append(v.Int32s[i])
	case *array.BooleanBuilder:
		to.Append(v.Int32s[i] != 0)
	case *array.TimestampBuilder:
		to.Append(arrow.Timestamp(v.Int64s[i]))
	case *array.ListBuilder:
		to.Append(true)
		for at := int(v.Lists[i]); at < int(v.Lists[i+1]); at++ {
			if of == Texts {
				appendValue(to.ValueBuilder(), Text, &v.Items[0], at)
				continue
			}
			share := to.ValueBuilder().(*array.StructBuilder)
			share.Append(true)
			appendValue(share.FieldBuilder(0), Text, &v.Items[0], at)
			appendValue(share.FieldBuilder(1), Int64, &v.Items[1], at)
		}
	default:
		panic("no value is appended to such a column: " + string(of))
	}
}

// equalRows reports whether two rows have the same values in every column.
func (t Table[R]) equalRows(a, b any) bool {
	for _, f := range t.Fields {
		if !f.Equal(a.(*R), b.(*R)) {
			return false
		}
	}
	return true
}
