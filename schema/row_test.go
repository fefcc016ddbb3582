package schema

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/go-cmp/cmp"
)

// TestRoundTrip: Load returns what Append added, for every field of every row type, present
// and absent.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, table := range Tables {
		roundTrip(t, table)
	}
}

func roundTrip(t *testing.T, table AnyTable) {
	t.Helper()
	description := table.Describe()
	rows := make([]any, 5) // the second and the last are empty
	n := 0
	for i := range rows {
		rows[i] = table.NewRow()
		if i != 1 && i != len(rows)-1 {
			present(reflect.ValueOf(rows[i]).Elem(), &n)
		}
	}
	batch := arrowOf(t, table, rows...)
	var names []string
	for _, c := range description.Columns {
		names = append(names, c.Name)
	}
	load, reused := table.Loader(names), table.NewRow() // nothing of the row before may be left
	loaded := make([]any, len(rows))
	for i := range rows {
		load(batch.Columns(), i, reused)
		kept := table.NewRow()
		reflect.ValueOf(kept).Elem().Set(reflect.ValueOf(reused).Elem())
		if loaded[i] = kept; !table.(interface{ equalRows(a, b any) bool }).equalRows(kept, rows[i]) {
			t.Errorf("%s: row %d is not equal to the one that was added", description.Name, i)
		}
	}
	for _, column := range batch.Columns() {
		scribble(column.Data())
	}
	if diff := cmp.Diff(rows, loaded); diff != "" {
		t.Errorf("%s (-appended +loaded):\n%s", description.Name, diff)
	}
}

// present sets every field of a row, and every element of its lists, to a different value.
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

// TestListsKeepNull: a list that is absent is NULL, an empty list is not.
func TestListsKeepNull(t *testing.T) {
	t.Parallel()
	lists := []Null[[]Share]{{}, Some([]Share{}), Some([]Share{{"1", 2}, {"", 0}}), {V: []Share{{"1", 2}}}}
	var rows []any
	for _, list := range lists {
		rows = append(rows, &Settlement{Shares: list})
	}
	batch := arrowOf(t, Settlements, rows...)
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

// TestText: in every column of every table, equal values have equal texts, different values
// different ones, and NULL has none.
func TestText(t *testing.T) {
	t.Parallel()
	textsOf(t, Bills)
	textsOf(t, Settlements)
	textsOf(t, Reconciliations)
	textsOf(t, Exceptions)
	textsOf(t, Restatements)
}

func textsOf[R any](t *testing.T, table Table[R]) {
	t.Helper()
	var one, same, other, absent R
	n := 0
	present(reflect.ValueOf(&one).Elem(), &n)
	present(reflect.ValueOf(&other).Elem(), &n)
	n = 0
	present(reflect.ValueOf(&same).Elem(), &n)
	for _, f := range table.Fields {
		text := f.Text(&one)
		if !text.Valid || text != f.Text(&same) || text == f.Text(&other) && f.Type != Bool {
			t.Errorf("%s.%s: %q, the same is %q, another is %q", table.Name, f.Name, text.V, f.Text(&same).V, f.Text(&other).V)
		}
		if got := f.Text(&absent); got == text || got.Valid && !f.Required && f.Type != Texts {
			t.Errorf("%s.%s: without a value it is %+v", table.Name, f.Name, got)
		}
	}
}

// TestTextOf: the text of a value does not depend on where the value comes from.
func TestTextOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 23, 59, 59, 123456000, time.FixedZone("", 8*3600))
	b := Bill{FetchedAt: at, SettleTime: Some(at.UTC()), GroupName: Some(""), SettleType: -1}
	b.Amounts[Pay] = Some(Fen(-123))
	for column, want := range map[string]Null[string]{
		"fetched_at": Some("2026-11-20T15:59:59.123456Z"), "settle_time": Some("2026-11-20T15:59:59.123456Z"),
		"group_name": Some(""), "code": {}, "settle_type": Some("-1"), "pay_fen": Some("-123"), "goods_fen": {},
	} {
		if got := Bills.Column(column).Text(&b); got != want {
			t.Errorf("%s is %+v, want %+v", column, got, want)
		}
	}
	if f := Bills.Column("bill_date"); f != nil {
		t.Errorf("bills has a column %+v", f)
	}
}
