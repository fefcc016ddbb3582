package pipeline_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object/objecttest"
)

// TestRestatementsOutliveACrash cuts the publication of a day that has changed at
// each of its PUTs, before and after it took effect. The next run restates what was
// changed all the same, and once.
func TestRestatementsOutliveACrash(t *testing.T) {
	t.Parallel()
	keys := []string{"_manifests/bill_date=2026-11-20/bucket-000.json"}
	for _, listed := range schema.Tables {
		table := listed.Describe()
		if table.Optional {
			continue
		}
		keys = append(keys, table.Name+"/bill_date=2026-11-20/bucket-000.parquet")
	}
	for _, key := range keys {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, applied: %v", key, applied), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, store)
				published, err := lake.Open(t.Context(), w.store, 1, "test")
				if err != nil {
					t.Fatal(err)
				}
				w.set(store, append(records(store.ID, "bill", 30), record(store.ID, "changes", 100), record(store.ID, "goes", 7))...)
				w.run(pipeline.ExitDone, into(realLake{published}))
				if err := published.Record(t.Context(), "run-1", []byte(`{"exit_code":0}`)); err != nil { // so that the next one looks again
					t.Fatal(err)
				}
				w.set(store, append(records(store.ID, "bill", 30), record(store.ID, "changes", 150), record(store.ID, "comes", 9))...)
				w.store.Fault = func(op objecttest.Op, k string) (bool, error) {
					if op == objecttest.OpPut && k == key {
						return applied, errors.New("the process is killed")
					}
					return false, nil
				}
				w.run(pipeline.ExitFailed, into(realLake{published}))
				w.store.Fault = nil
				w.run(pipeline.ExitDone, into(realLake{published}))

				var got []string
				for r, err := range published.Restatements(t.Context(), day, 0) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, fmt.Sprintf("%s %s %d-%d", r.LedgerID, r.Change, r.OldGeneration, r.NewGeneration))
				}
				// The publication that replaced the bills restates: the one that was cut, if
				// it had come so far, else the next.
				by := "1-2"
				if strings.HasPrefix(key, "restatements/") || strings.HasPrefix(key, "bills/") && !applied {
					by = "1-3"
				}
				if diff := cmp.Diff([]string{"changes changed " + by, "comes added " + by, "goes removed " + by}, got); diff != "" {
					t.Errorf("restated (-want +got):\n%s", diff)
				}
			})
		}
	}
}
