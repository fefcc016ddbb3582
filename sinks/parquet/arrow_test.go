package parquet

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"billwalk/schema"
)

// arrowOf returns a batch of a table as a record of Arrow's own builders.
func arrowOf(mem memory.Allocator, table schema.Description, batch *schema.Batch) arrow.RecordBatch {
	builder := array.NewRecordBuilder(mem, table.Arrow())
	defer builder.Release()
	for c, column := range table.Columns {
		for i := range batch.Columns[c].Rows {
			appendValue(builder.Field(c), column.Type, &batch.Columns[c], i)
		}
	}
	return builder.NewRecordBatch()
}

// appendValue appends the value at a place of a vector.
func appendValue(to array.Builder, of schema.Type, v *schema.Vector, i int) {
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
			if of == schema.Texts {
				appendValue(to.ValueBuilder(), schema.Text, &v.Items[0], at)
				continue
			}
			share := to.ValueBuilder().(*array.StructBuilder)
			share.Append(true)
			appendValue(share.FieldBuilder(0), schema.Text, &v.Items[0], at)
			appendValue(share.FieldBuilder(1), schema.Int64, &v.Items[1], at)
		}
	default:
		panic("no value is appended to such a column: " + string(of))
	}
}
