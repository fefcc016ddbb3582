package parquet

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"billwalk/schema"
)

// textsOf returns a change to the texts of a column of bills, which it finds by ledger_id.
func textsOf(bills []schema.Bill, at func(*schema.Bill) *schema.Null[string]) func(*schema.Batch, *schema.Vector) {
	texts := make(map[string]schema.Null[string])
	for i := range bills {
		texts[bills[i].LedgerID] = *at(&bills[i])
	}
	return func(rows *schema.Batch, values *schema.Vector) {
		for i := range rows.Rows {
			if text := texts[string(rows.Columns[0].TextAt(i))]; text.Valid {
				values.AppendText([]byte(text.V))
			} else {
				values.AppendNull()
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
			recoded, err := w.Recode(name, textsOf(after, at), "ledger_id")
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

// TestRecodeRefuses: a value for each row, and of rows that have ended, by columns that there are.
func TestRecodeRefuses(t *testing.T) {
	t.Parallel()
	w := smallGroups(t, rowsOf(1000, billAt))
	refused := func(values int, column, want string) {
		t.Helper()
		change := func(rows *schema.Batch, keys *schema.Vector) {
			for range rows.Rows + values {
				keys.AppendNull()
			}
		}
		if _, err := w.Recode("group_key", change, column); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
	refused(0, "ledger_id", "before their end")
	if _, err := w.Finish(stamp); err != nil {
		t.Fatal(err)
	}
	refused(-1, "ledger_id", "values for")
	refused(1, "ledger_id", "values for")
	refused(0, "no_such", "no_such")
	refused(0, "fetched_at", "not read by column")
	if err := w.output.file.Truncate(w.output.size / 2); err != nil {
		t.Fatal(err)
	}
	refused(0, "ledger_id", "group_key")
}
