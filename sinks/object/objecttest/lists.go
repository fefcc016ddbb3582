package objecttest

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"billwalk/sinks/object"
)

func testListOrder(t *testing.T, store object.Store) {
	// By bytes "-" and "." are before "/", so that a folder is not always before the files
	// whose names continue its own.
	all := []string{
		"_manifests/bill_date=2026-11-20/bucket-000.json", "a-b", "a.b", "a/b-c", "a/b/c", "a/c", "a0",
		"bills/bill_date=2026-11-20/bucket-000.parquet", "bills/bill_date=2026-11-21/bucket-000.parquet", "bills2/x", "z", "某/x",
	}
	for i := range all {
		mustPut(t, store, all[len(all)-1-i], []byte(all[i]), object.IfAbsent(), map[string]string{"k": "v"})
	}
	for prefix, want := range map[string][]string{
		"":                           all,
		"a":                          all[1:7],
		"a/":                         all[3:6],
		"a/b":                        all[3:5],
		"a/b/":                       all[4:5],
		"bills":                      all[7:10],
		"bills/":                     all[7:9],
		"bills/bill_date=2026-11-2":  all[7:9],
		"bills/bill_date=2026-11-20": all[7:8],
		"nothing/":                   nil,
		"z/":                         nil,
		"z":                          all[10:11],
	} {
		if got, err := keys(t.Context(), store, prefix); err != nil || !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, %v; want %q", prefix, got, err, want)
		}
	}
	for listed, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if head, err := store.Head(t.Context(), listed.Key); err != nil || listed.ETag != "" && listed.ETag != head.ETag || listed.Size != head.Size {
			t.Errorf("List has %+v, Head %+v, %v", listed, head, err)
		}
		if listed.Key == "a/c" {
			break // a listing can be left
		}
	}
}

func testListMany(t *testing.T, store object.Store) {
	const n = 1050 // S3 gives at most 1000 at a time
	var writers errgroup.Group
	writers.SetLimit(8)
	want := make([]string, n)
	for i := range n {
		want[i] = fmt.Sprintf("many/%02d/%04d", i/100, i)
		writers.Go(func() error {
			_, err := put(t.Context(), store, want[i], nil, object.IfAbsent(), nil)
			return err
		})
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, err := keys(t.Context(), store, "many/"); err != nil || !slices.Equal(got, want) {
		t.Errorf("List gives %d keys, %v; want %d in order", len(got), err, n)
	}
}
