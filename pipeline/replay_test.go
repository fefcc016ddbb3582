package pipeline_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestWhiteSpaceAround: an answer with white space around it is archived and
// certified as the same bytes.
func TestWhiteSpaceAround(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		w.platform.strike = func(call) (string, error) {
			return "\t  " + pageOf("", false, strings.Replace(record(store.ID, "a", 5), ",", " ,  ", 1)) + " \n", nil
		}
		w.run(pipeline.ExitDone)
		if len(w.published(store)) != 1 {
			t.Errorf("%d bills", len(w.published(store)))
		}
	})
}

// TestArchiveFails: a unit whose pages cannot be archived fails, and is not published.
func TestArchiveFails(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 30)...)
		w.store.Fault = func(op objecttest.Op, key string) (bool, error) {
			if op == objecttest.OpPut && strings.Contains(key, string(store.ID)) {
				return false, errors.New("the disk is full")
			}
			return false, nil
		}
		s := w.run(pipeline.ExitIncomplete)
		if len(s.Failures) != 1 || !strings.Contains(s.Failures[0].Reason, "the disk is full") || len(w.published(store)) != 0 {
			t.Errorf("failures %+v, %d bills", s.Failures, len(w.published(store)))
		}
	})
}

// TestReplay: a replay builds from the archive alone, and names the days that it lacks.
func TestReplay(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
		w.set(store, records(store.ID, "bill", 30)...)
		w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.Accounts = r.Accounts[:1] })
		before := w.lake.bills(day)
		w.platform.made()
		time.Sleep(1000 * time.Hour)
		w.lake.partitions = map[shelfPlace]*shelved{} // all tables are lost
		s := w.run(pipeline.ExitIncomplete, replay)
		if diff := cmp.Diff(before, w.lake.bills(day)); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
		if calls := w.platform.made(); len(calls) != 0 || s.Units.Complete != 1 || s.Failures[0].Account != kiosk.ID || !strings.Contains(s.Failures[0].Reason, "billwalk run nightly --from 2026-11-20") {
			t.Errorf("%d calls, %+v", len(calls), s.Failures)
		}
	})
}
