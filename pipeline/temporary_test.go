package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
)

// outage is a temporary fault that lasted longer than the client retries.
type outage struct{ refusal }

func (*outage) Temporary() bool { return true }

// TestTemporaryFaultKeepsTheWalk: a cursor at which the platform fails can be used
// again. Only a cursor that it refuses is not known any more.
func TestTemporaryFaultKeepsTheWalk(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault error
		want  []string // of the second run
	}{
		"temporary": {&outage{refusal{schema.Failure{Code: 5000001, Reason: "system error", Reach: schema.ReachUnit}}}, []string{"at-20"}},
		"refused":   {refuse(4000002, schema.ReachUnit), []string{"at-20", "0", "at-10", "at-20"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
				w.set(store, records(store.ID, "bill", 25)...)
				w.platform.strike = func(c call) (string, error) {
					if c.cursor == "at-20" {
						return "", row.fault
					}
					return "", nil
				}
				w.run(pipeline.ExitIncomplete)
				w.platform.made()
				time.Sleep(time.Minute)
				w.run(pipeline.ExitIncomplete)
				if got := cursorsOf(w.platform.made(), at(store, day)); !slices.Equal(got, row.want) {
					t.Errorf("got calls at cursors %q, want %q", got, row.want)
				}
				w.platform.strike = nil
				w.run(pipeline.ExitDone)
				if len(w.published(store)) != 25 {
					t.Errorf("got %d published bills, want 25", len(w.published(store)))
				}
			})
		})
	}
}
