package lake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	l := open(t, store)
	if ids, err := l.Runs(t.Context()); len(ids) != 0 || err != nil {
		t.Errorf("Runs = %q, %v in a new lake", ids, err)
	}
	for _, id := range []string{"01B", "01C", "01A"} {
		if err := l.Record(t.Context(), id, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"runs/notes.txt", "runs/old/01D.json", "runs.json"} {
		if _, err := store.Put(t.Context(), key, strings.NewReader("{}"), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
	}
	ids, err := l.Runs(t.Context())
	if diff := cmp.Diff([]string{"01A", "01B", "01C"}, ids); diff != "" || err != nil {
		t.Errorf("Runs (-want +got): %v\n%s", err, diff)
	}
}

func TestPublishedDays(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	l := open(t, store)
	if days, err := l.PublishedDays(t.Context()); len(days) != 0 || err != nil {
		t.Errorf("PublishedDays = %v, %v in a new lake", days, err)
	}
	for _, key := range []string{
		"_manifests/bill_date=2026-11-20/bucket-000.json", "_manifests/bill_date=2026-11-20/bucket-001.json", "_manifests/bill_date=2025-02-28/bucket-003.json",
		"_manifests/lake.json", "_manifests/bill_date=soon/bucket-000.json", "bills/bill_date=2026-11-21/bucket-000.parquet",
	} {
		if _, err := store.Put(t.Context(), key, strings.NewReader("{}"), object.Always(), nil); err != nil {
			t.Fatal(err)
		}
	}
	days, err := l.PublishedDays(t.Context())
	var got []string
	for _, d := range days {
		got = append(got, d.String())
	}
	if diff := cmp.Diff([]string{"2025-02-28", "2026-11-20"}, got); diff != "" || err != nil {
		t.Errorf("PublishedDays (-want +got): %v\n%s", err, diff)
	}
}
