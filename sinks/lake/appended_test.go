package lake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

func resolution(order string) schema.Resolution {
	fen := schema.Fen(-150)
	return schema.Resolution{WalkAccountID: "71", Order: order, Reason: "平台已补 <b>\n", By: "李会计", At: time.Unix(1, 0).UTC(), Job: "nightly", DiffTotal: &fen, Amounts: "1,2;,;,;,"}
}

func openLake(t *testing.T, store object.Store) *lake.Lake {
	t.Helper()
	l, err := lake.Open(t.Context(), store, 1, "test")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestAppendersRace: whoever appends at once succeeds, and nothing is lost or comes twice.
func TestAppendersRace(t *testing.T) {
	t.Parallel()
	l := openLake(t, objecttest.NewMem())
	var appending sync.WaitGroup
	for i := range 20 {
		appending.Go(func() {
			if err := l.AppendResolutions(t.Context(), []schema.Resolution{resolution(fmt.Sprint(i)), resolution(fmt.Sprint(i, "b"))}); err != nil {
				t.Error(err)
			}
		})
	}
	appending.Wait()
	rows, err := l.Resolutions(t.Context())
	if err != nil || len(rows) != 40 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	seen := make(map[string]bool)
	for _, r := range rows {
		seen[r.Order] = true
		want := resolution(r.Order)
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d different orders", len(seen))
	}
}

// TestAppendIsAllOrNothing: whatever happens to the write, there are all lines once or none;
// one whose answer was lost is sent again, and is there once.
func TestAppendIsAllOrNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		faults  int // of the first writes
		applied bool
		err     error
		want    int
	}{
		"refused":           {1, false, object.ErrDenied, 0},
		"killed before":     {1, false, context.Canceled, 0},
		"killed after":      {1, true, context.Canceled, 2},
		"lost, not applied": {1, false, object.ErrUnknown, 2},
		"lost, applied":     {1, true, object.ErrUnknown, 2},
		"lost twice":        {2, true, object.ErrUnknown, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, writes := objecttest.NewMem(), 0
			store.Fault = func(op objecttest.Op, key string) (bool, error) {
				if !strings.HasPrefix(key, "resolutions/") || op != objecttest.OpPut {
					return true, nil
				}
				if writes++; writes > test.faults {
					return true, nil
				}
				return test.applied, test.err
			}
			l := openLake(t, store)
			err := l.AppendResolutions(t.Context(), []schema.Resolution{resolution("1"), resolution("2")})
			if well := errors.Is(test.err, object.ErrUnknown); well != (err == nil) {
				t.Errorf("got error %v", err)
			}
			store.Fault = nil
			if rows, err := l.Resolutions(t.Context()); err != nil || len(rows) != test.want {
				t.Errorf("%d rows, want %d; %v", len(rows), test.want, err)
			}
		})
	}
}

// TestDamagedNotes: a line that cannot be read is an error that names its object.
func TestDamagedNotes(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	l := openLake(t, store)
	if err := l.AppendClosing(t.Context(), schema.Closing{Day: 20_000, Job: "nightly", By: "李", At: time.Unix(5, 0).UTC(), Generation: 3}); err != nil {
		t.Fatal(err)
	}
	if rows, err := l.Closings(t.Context()); err != nil || len(rows) != 1 || rows[0].Generation != 3 || rows[0].Changed(time.Unix(5, 0)) || !rows[0].Changed(time.Unix(6, 0)) {
		t.Errorf("%+v, %v", rows, err)
	}
	if _, err := store.Put(t.Context(), "closings/01Z.jsonl", strings.NewReader("{\"bill_date\": 5}\n"), object.Always(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Closings(t.Context()); err == nil || !strings.Contains(err.Error(), "closings/01Z.jsonl is damaged") {
		t.Errorf("got error %v", err)
	}
}
