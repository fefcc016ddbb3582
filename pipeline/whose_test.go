package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestWhoseCallback: a callback of another mini-program, which an earlier version took into
// the archive, matches no order, is no settlement, and is counted.
func TestWhoseCallback(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		apps    schema.AppIDs
		foreign int64
		want    []string
	}{
		{nil, 0, []string{"20  L settlement_only settlement_unexplained 0:1 _/60/_", "20 store K matched/order 1:1 100/100/0"}},
		{schema.AppIDs{"tt9", "tt1"}, 0, []string{"20  L settlement_only settlement_unexplained 0:1 _/60/_", "20 store K matched/order 1:1 100/100/0"}},
		{schema.AppIDs{"tt9"}, 3, []string{"20 store K bill_only 1:0 100/_/_"}},
		{schema.AppIDs{}, 3, []string{"20 store K bill_only 1:0 100/_/_"}},
	} {
		t.Run(fmt.Sprint(row.apps), func(t *testing.T) {
			t.Parallel()
			settles(t, []schema.Account{store}, []schema.Match{byShop}, func(t *testing.T, w *world) {
				time.Sleep(time.Until(day.Start().Add(27 * time.Hour)))
				w.set(store, sale(store.ID, "1", "K", "", 100))
				w.receive(callback{"s1", "K", "", schema.StatusSuccess, 100, day, 0}, callback{"s1", "K", "", schema.StatusSuccess, 100, day, 0},
					callback{"s2", "L", "", schema.StatusSuccess, 60, day, 0}, callback{"s3", "K", "", schema.StatusSuccess, 9, day - 30, 0}) // the last is of another time
				s := w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.AppIDs = row.apps })
				if diff := cmp.Diff(row.want, w.verdicts(day, day)); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				if s.Callbacks.Foreign != row.foreign || s.Callbacks.Unreadable != 0 {
					t.Errorf("%+v, want %d of another mini-program", s.Callbacks, row.foreign)
				}
			})
		})
	}
}
