package pipeline_test

import (
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestRefetch: a young walk is used until the run that made it, or one that published
// it, ended well. A unit that failed since is walked again.
func TestRefetch(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		fails := func(call) (string, error) { return "", refuse(5000001, schema.ReachUnit) }
		w.set(store, records(store.ID, "bill", 5)...)
		w.lake.refuse = func(schema.Day, int) error { return errKilled }
		if s, err := w.do(t.Context()); err == nil {
			t.Errorf("exit %d", s.ExitCode)
		}
		delete(w.lake.summaries, "run-1") // killed before it could publish
		w.lake.refuse = nil
		w.platform.made()
		for i, row := range []struct {
			name   string
			strike func(call) (string, error)
			exit   int
			calls  int
			state  schema.State
		}{
			{"what the killed run has walked is published", nil, pipeline.ExitDone, 0, schema.Complete},
			{"published by a run that ended well, it is walked again, and fails", fails, pipeline.ExitIncomplete, 1, schema.Failed},
			{"failed since it was walked, it is walked again, and fails", fails, pipeline.ExitIncomplete, 1, schema.Failed},
			{"failed, it is walked again", nil, pipeline.ExitDone, 1, schema.Complete},
			{"published by the run before, it is walked again", nil, pipeline.ExitDone, 1, schema.Complete},
		} {
			time.Sleep(time.Minute)
			w.platform.strike = row.strike
			w.run(row.exit)
			if calls := len(w.platform.made()); calls != row.calls || w.entry(store).State != row.state || len(w.published(store)) != 5 {
				t.Errorf("%d. %s: %d calls, want %d; the unit is %s, want %s", i, row.name, calls, row.calls, w.entry(store).State, row.state)
			}
		}
	})
}
