package parquet

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"billwalk/schema"
)

// textsOf yields the texts of a column of bills.
func textsOf(bills []schema.Bill, at func(*schema.Bill) *schema.Null[string]) iter.Seq2[schema.Null[string], error] {
	return func(yield func(schema.Null[string], error) bool) {
		for i := range bills {
			if !yield(*at(&bills[i]), nil) {
				return
			}
		}
	}
}

// TestRecode: a file of which one column was replaced has the bytes, footer and indices too, of
// one that had the values from the start.
func TestRecode(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(15, 5))
	columns := map[string]func(*schema.Bill) *schema.Null[string]{
		"group_key":  func(b *schema.Bill) *schema.Null[string] { return &b.GroupKey },
		"group_name": func(b *schema.Bill) *schema.Null[string] { return &b.GroupName },
		"logid":      func(b *schema.Bill) *schema.Null[string] { return &b.LogID },
	}
	for name, at := range columns {
		for range 4 {
			before := randomBills(dice, dice.IntN(3000))
			after := slices.Clone(before)
			for i := range after {
				switch *at(&after[i]) = schema.Some(fmt.Sprint("moved/", dice.IntN(2000))); dice.IntN(4) {
				case 0:
					*at(&after[i]) = schema.Null[string]{}
				case 1:
					*at(&after[i]) = *at(&before[i])
				}
			}
			w := smallGroups(t, before)
			if _, err := w.Finish(stamp); err != nil {
				t.Fatal(err)
			}
			recoded, err := w.Recode(name, textsOf(after, at))
			if err != nil {
				t.Fatal(err)
			}
			defer recoded.Close()
			w.Close()
			got, err := recoded.Finish(stamp)
			if err != nil {
				t.Fatal(err)
			}
			want, err := smallGroups(t, after).Finish(stamp)
			if err != nil {
				t.Fatal(err)
			}
			checkRows(t, schema.Bills, got, after)
			if got.SHA256 != want.SHA256 || got.RowsSHA256 != want.RowsSHA256 || !reflect.DeepEqual(got.Totals, want.Totals) {
				t.Fatalf("%d bills, of which %s was replaced: the file differs", len(after), name)
			}
		}
	}
}

// smallGroups writes bills in small row groups.
func smallGroups(t *testing.T, bills []schema.Bill) *Writer {
	t.Helper()
	w := withSmallGroups(NewWriter(schema.Bills, "v1.2.3", fileIn(t.TempDir())))
	t.Cleanup(w.Close)
	for i := range bills {
		if err := w.Append(&bills[i]); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// TestRecodeRefuses: a value for each row, and of rows that have ended, or none.
func TestRecodeRefuses(t *testing.T) {
	t.Parallel()
	bills := rowsOf(1000, billAt)
	key := func(b *schema.Bill) *schema.Null[string] { return &b.GroupKey }
	failing := func(yield func(schema.Null[string], error) bool) {
		yield(schema.Null[string]{}, errors.New("unreadable"))
	}
	w := smallGroups(t, bills)
	refused := func(values iter.Seq2[schema.Null[string], error], want string) {
		t.Helper()
		if _, err := w.Recode("group_key", values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	refused(textsOf(bills, key), "before their end")
	if _, err := w.Finish(stamp); err != nil {
		t.Fatal(err)
	}
	refused(textsOf(bills[1:], key), "fewer values")
	refused(textsOf(append(bills, bills[0]), key), "more values")
	refused(failing, "unreadable")
}
