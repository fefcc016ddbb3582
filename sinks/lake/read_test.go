package lake

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestPublishedIsReadBack: the published rows are read, for their day and bucket only.
func TestPublishedIsReadBack(t *testing.T) {
	t.Parallel()
	l := open(t, newRecording())
	for _, n := range []int{0, 7, 300} {
		if _, err := publish(t, l, baseOf(t, l), n); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(listOf(n, billAt), collect(t, l.Bills(t.Context(), day, 2))); diff != "" {
			t.Errorf("bills (-given +read):\n%s", diff)
		}
		if diff := cmp.Diff(listOf(n, restatementAt), collect(t, l.Restatements(t.Context(), day, 2))); diff != "" {
			t.Errorf("restatements (-given +read):\n%s", diff)
		}
		for b, err := range l.Bills(t.Context(), day, 2, "pay_fen") {
			if err != nil || b.Amounts[schema.Pay] != schema.Some[schema.Fen](100) || b.LedgerID != "" {
				t.Fatalf("%+v, %v", b, err)
			}
		}
		for i, s := range collect(t, l.Settlements(t.Context(), day, 2, "settle_id")) {
			if want := (schema.Settlement{SettleID: billAt(i).LedgerID}); !cmp.Equal(s, want) {
				t.Fatalf("settlement %d by settle_id alone: %+v, want %+v", i, s, want)
			}
		}
		if s := collect(t, l.Settlements(t.Context(), day, 2)); len(s) != n || n > 0 && s[0].Amount != schema.Some[schema.Fen](100) {
			t.Fatalf("settlements, all columns: %+v", s)
		}
		for _, of := range []struct {
			day    schema.Day
			bucket int
		}{{day, 1}, {day + 1, 2}} {
			if bills, restatements := collect(t, l.Bills(t.Context(), of.day, of.bucket)), collect(t, l.Restatements(t.Context(), of.day, of.bucket)); bills != nil || restatements != nil {
				t.Errorf("%s, bucket %d has %d bills and %d restatements", of.day, of.bucket, len(bills), len(restatements))
			}
		}
	}
}

// TestReadingFails: an object that cannot be fetched or read is an error, and not an empty
// table.
func TestReadingFails(t *testing.T) {
	t.Parallel()
	down := errors.New("the store is down")
	store := newRecording()
	l := open(t, store)
	if _, err := publish(t, l, baseOf(t, l), 5); err != nil {
		t.Fatal(err)
	}
	store.fault = func(objecttest.Op, string) (bool, error) { return false, down }
	if err := first(l.Bills(t.Context(), day, 2)); !errors.Is(err, down) {
		t.Errorf("bills: %v, want %v", err, down)
	}
	if err := first(l.Restatements(t.Context(), day, 2)); !errors.Is(err, down) {
		t.Errorf("restatements: %v, want %v", err, down)
	}
	store.fault = nil
	content := store.content(t)[billsKey]
	for _, damage := range []string{"", "PAR1", content[:len(content)-1]} {
		if _, err := store.Put(t.Context(), billsKey, strings.NewReader(damage), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
		if err := first(l.Bills(t.Context(), day, 2)); err == nil || !strings.Contains(err.Error(), billsKey) {
			t.Errorf("%d bytes: %v, want an error that names %s", len(damage), err, billsKey)
		}
	}
}
