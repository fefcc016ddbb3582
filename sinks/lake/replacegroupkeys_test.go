package lake

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// TestReplaceGroupKeys: bills that are staged anew have the keys that they were left; where nothing was
// changed, they have the same bytes.
func TestReplaceGroupKeys(t *testing.T) {
	t.Parallel()
	const n = 300
	objectOf := func(s *Stage) schema.Object {
		t.Helper()
		var m schema.Manifest
		if err := s.Finish(&m); err != nil {
			t.Fatal(err)
		}
		return *m.Object(schema.Bills.Name)
	}
	staged := func(changes ...func(*schema.Vector, *schema.Batch, int)) *Stage {
		t.Helper()
		s := stage(t, open(t, newRecording()))
		if err := fill(n)(s.Append); err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			each := func(rows *schema.Batch, keys *schema.Vector) {
				for i := range rows.Rows {
					change(keys, rows, i)
				}
			}
			if err := s.ReplaceGroupKeys(each, "ledger_id", "group_key"); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	move := func(keys *schema.Vector, rows *schema.Batch, i int) {
		keys.AppendText(append([]byte("moved/"), rows.Columns[0].TextAt(i)...))
	}
	keep := func(keys *schema.Vector, rows *schema.Batch, i int) {
		if was := &rows.Columns[1]; was.IsNull(i) {
			keys.AppendNull()
		} else {
			keys.AppendText(was.TextAt(i))
		}
	}
	want := listOf(n, billAt)
	for i := range want {
		want[i].GroupKey = schema.Some("moved/" + want[i].LedgerID)
	}
	moved := staged(move)
	if diff := cmp.Diff(want, collect(t, moved.Bills())); diff != "" {
		t.Errorf("bills (-changed +read):\n%s", diff)
	}
	plain, same := objectOf(staged()), objectOf(staged(keep))
	if same.RowsSHA256 != plain.RowsSHA256 {
		t.Error("the same bills have other bytes")
	}
	if diff := cmp.Diff(plain.Totals, objectOf(moved).Totals); diff != "" {
		t.Errorf("totals (-before +after):\n%s", diff)
	}
}
