package lake

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// TestEveryTableIsReadBack publishes rows of each of schema.Tables, in which every
// column has a value in some and none in others, and reads them back.
func TestEveryTableIsReadBack(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	want := make(map[string][]schema.Row)
	for _, table := range schema.Tables {
		for i := range 100 {
			row := table.NewRow().(schema.Row)
			if i%3 != 0 {
				fillValue(reflect.ValueOf(row).Elem(), i)
			}
			want[row.TableName()] = append(want[row.TableName()], row)
		}
	}
	err := publishRows(t.Context(), l, baseOf(t, l), new(schema.Manifest), func(add func(schema.Row) error) error {
		for _, rows := range want {
			for _, row := range rows {
				if err := add(row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range schema.Tables {
		name := table.Describe().Name
		var got []schema.Row
		for row, err := range l.Rows(t.Context(), table, day, 2) {
			if err != nil {
				t.Fatal(err)
			}
			kept := reflect.New(reflect.TypeOf(row).Elem())
			kept.Elem().Set(reflect.ValueOf(row).Elem())
			got = append(got, kept.Interface().(schema.Row))
		}
		if diff := cmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s (-published +read):\n%s", name, diff)
		}
	}
}

// TestReadersAreOfTheirTables: the readers with a type read the rows that Rows reads.
func TestReadersAreOfTheirTables(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	if _, err := publish(t, l, baseOf(t, l), 3); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	count := func(row schema.Row, err error) {
		if err != nil {
			t.Fatal(err)
		}
		got[row.TableName()]++
	}
	for row, err := range l.Bills(t.Context(), day, 2) {
		count(row, err)
	}
	for row, err := range l.Settlements(t.Context(), day, 2) {
		count(row, err)
	}
	for row, err := range l.Reconciliation(t.Context(), day, 2) {
		count(row, err)
	}
	for row, err := range l.Exceptions(t.Context(), day, 2) {
		count(row, err)
	}
	for row, err := range l.Restatements(t.Context(), day, 2) {
		count(row, err)
	}
	want := map[string]int{"bills": 3, "settlements": 3, "reconciliation": 3, "exceptions": 1, "restatements": 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// fillValue gives each field of a row a value that depends on n.
func fillValue(v reflect.Value, n int) {
	if _, ok := v.Interface().(time.Time); ok {
		v.Set(reflect.ValueOf(time.Unix(int64(n), 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), n+i)
		}
	case reflect.Array:
		for i := range v.Len() {
			fillValue(v.Index(i), n+i)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fillValue(v.Index(i), n+i)
		}
	case reflect.String:
		v.SetString(fmt.Sprint("text ", n))
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Bool:
		v.SetBool(true)
	}
}
