package schema

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
)

// TestRoundTrip: Load gives back what Append took, of every field of every row
// type, absent and present.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	roundTrip(t, Bills)
	roundTrip(t, Settlements)
	roundTrip(t, Reconciliations)
	roundTrip(t, Exceptions)
	roundTrip(t, Restatements)
}

func roundTrip[R any](t *testing.T, table Table[R]) {
	t.Helper()
	var rows [5]R // the second and the last with nothing in them
	n := 0
	for _, i := range []int{0, 2, 3} {
		present(reflect.ValueOf(&rows[i]).Elem(), &n)
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, table.Arrow())
	defer builder.Release()
	for i := range rows {
		table.Append(builder, &rows[i])
	}
	batch := builder.NewRecordBatch()
	defer batch.Release()
	var loaded [len(rows)]R
	var reused R // as a reader does: nothing of the row before may show through
	for i := range rows {
		for c, f := range table.Fields {
			f.Load(batch.Column(c), i, &reused)
		}
		loaded[i] = reused
	}
	for c := range table.Fields {
		scribble(batch.Column(c).Data())
	}
	if diff := cmp.Diff(rows, loaded); diff != "" {
		t.Errorf("%s (-appended +loaded):\n%s", table.Name, diff)
	}
}

// present gives every field of a row, and every element of its lists, a value
// that no other has.
func present(v reflect.Value, n *int) {
	*n++
	if _, ok := v.Interface().(time.Time); ok {
		v.Set(reflect.ValueOf(time.Unix(int64(*n), 123456000).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("餐饮" + strconv.Itoa(*n))
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(-*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), *n%3+1, *n%3+1))
		for i := range v.Len() {
			present(v.Index(i), n)
		}
	case reflect.Array:
		for i := range v.Len() {
			present(v.Index(i), n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			present(v.Field(i), n)
		}
	default:
		panic("a row holds a " + v.Type().String())
	}
}

// scribble overwrites an array's memory, as the next batch of a reader does.
func scribble(data arrow.ArrayData) {
	for _, buffer := range data.Buffers() {
		if buffer != nil {
			for i := range buffer.Bytes() {
				buffer.Bytes()[i] = 'x'
			}
		}
	}
	for _, child := range data.Children() {
		scribble(child)
	}
}

// TestListsKeepNull: no list is NULL, an empty one is not.
func TestListsKeepNull(t *testing.T) {
	t.Parallel()
	builder := array.NewRecordBuilder(memory.DefaultAllocator, Settlements.Arrow())
	defer builder.Release()
	lists := []Null[[]Share]{{}, Some([]Share{}), Some([]Share{{"1", 2}, {"", 0}}), {V: []Share{{"1", 2}}}}
	for _, list := range lists {
		Settlements.Append(builder, &Settlement{Shares: list})
	}
	batch := builder.NewRecordBatch()
	defer batch.Release()
	shares := Settlements.Column("shares")
	column := batch.Column(batch.Schema().FieldIndices("shares")[0]).(*array.List)
	var lengths []int
	for i, list := range lists {
		var s Settlement
		shares.Load(column, i, &s)
		if column.IsNull(i) == list.Valid || s.Shares.Valid != list.Valid {
			t.Errorf("%+v: NULL is %v, loaded %+v", list, column.IsNull(i), s.Shares)
		}
		lengths = append(lengths, len(s.Shares.V))
	}
	if diff := cmp.Diff([]int{0, 0, 2, 0}, lengths); diff != "" {
		t.Errorf("lengths (-want +got):\n%s", diff)
	}
}
