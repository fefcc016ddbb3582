package parquet

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"billwalk/schema"
)

// viewOf returns columns of a batch of the library. They refer to its memory, and are to be
// read. No text is in a dictionary.
func viewOf(batch arrow.RecordBatch, names []string) (*schema.Batch, error) {
	view := &schema.Batch{Rows: int(batch.NumRows()), Columns: make([]schema.Vector, len(names))}
	for i, name := range names {
		places := batch.Schema().FieldIndices(name)
		if len(places) != 1 {
			return nil, fmt.Errorf("%d columns %s in the file", len(places), name)
		}
		values := batch.Column(places[0])
		v := &view.Columns[i]
		v.Rows, v.Nulls = values.Len(), values.NullN()
		switch values := values.(type) {
		case *array.Int64:
			v.Int64s = values.Int64Values()
		case *array.Int32:
			v.Int32s = values.Int32Values()
		case *array.String:
			v.Offsets = values.ValueOffsets()
			v.Text = values.Data().Buffers()[2].Bytes()
		default:
			return nil, fmt.Errorf("column %s has values of type %s, which are not read by column", name, values.DataType())
		}
		if v.Nulls > 0 {
			v.Valid = make([]byte, bitutil.BytesForBits(int64(v.Rows)))
			bitutil.CopyBitmap(values.NullBitmapBytes(), values.Data().Offset(), v.Rows, v.Valid, 0)
		}
	}
	return view, nil
}
