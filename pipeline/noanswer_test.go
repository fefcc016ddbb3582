package pipeline_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// An error beside data, as a gateway sends it. What an earlier version archived of
// it looks like a page, or like an answer, and its certificate fits.
const besideData = `"err_no":28001006,"err_msg":"网络调用错误","log_id":"L7"}`

// unprove rewrites the archive below a prefix as if all answers had been such.
func (w *world) unprove(prefix string) {
	w.t.Helper()
	dec, _ := zstd.NewReader(nil)
	defer dec.Close()
	enc, _ := zstd.NewWriter(nil)
	var hashes []string // old and new, in turn
	copied, certificates := objecttest.NewMem(), make(map[string][]byte)
	put := func(key string, data []byte) {
		if _, err := copied.Put(w.t.Context(), key, bytes.NewReader(data), object.IfAbsent(), nil); err != nil {
			w.t.Fatal(err)
		}
	}
	for key, data := range w.stored() {
		switch {
		case !strings.HasPrefix(key, prefix):
			put(key, data)
		case strings.HasSuffix(key, ".json"):
			certificates[key] = data
		default:
			lines, err := dec.DecodeAll(data, nil)
			if err != nil {
				w.t.Fatal(err)
			}
			var changed []byte
			for line := range bytes.Lines(lines) {
				head, was, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("}\n")), []byte(`"body":`))
				at := bytes.LastIndex(was, []byte(`"extra":`))
				is := append(bytes.Clone(was[:at]), besideData...)
				hashes = append(hashes, schema.HashOf(was), schema.HashOf(is))
				changed = append(append(append(append(changed, head...), `"body":`...), is...), "}\n"...)
			}
			put(key, enc.EncodeAll(changed, nil))
		}
	}
	for key, data := range certificates {
		put(key, []byte(strings.NewReplacer(hashes...).Replace(string(data))))
	}
	w.store, w.archive = copied, archive.New(copied)
}

// TestPageWithoutEvidence: a day that an earlier version certified with an error in
// place of a page is walked again, however young it is and whatever the mode; a
// replay refuses it by name.
func TestPageWithoutEvidence(t *testing.T) {
	t.Parallel()
	for name, bills := range map[string]int{"an empty day": 0, "a day of bills": 25} {
		for mode, change := range map[string]func(*pipeline.Run){
			"young": func(*pipeline.Run) {}, "in a backfill": func(r *pipeline.Run) { r.Backfill = true },
			"grown since": func(r *pipeline.Run) { r.Lookback = 1 },
		} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				bills := bills
				inBubble(t, []schema.Account{store, kiosk}, func(t *testing.T, w *world) {
					w.set(store, records(store.ID, "bill", bills)...)
					w.run(pipeline.ExitDone)
					w.lake.summaries = map[string][]byte{} // as if the run had been killed at its end
					before := w.entry(store).Certificate.Walk
					w.unprove("archive/bills/bill_date=" + day.String() + "/account=" + string(store.ID))

					exit := pipeline.ExitIncomplete
					if bills > 0 {
						exit = pipeline.ExitFailed // what is published stays
					}
					s, err := w.do(t.Context(), replay)
					var said strings.Builder
					for _, f := range s.Failures {
						said.WriteString(f.Reason)
					}
					if err != nil {
						said.WriteString(err.Error())
					}
					for _, part := range []string{"archive object archive/bills/", "page 1", "28001006", "网络调用错误"} {
						if s.ExitCode != exit || !strings.Contains(said.String(), part) {
							t.Errorf("replay ends with %d and says %q, want %d and %q", s.ExitCode, said.String(), exit, part)
						}
					}

					w.platform.made()
					if mode == "grown since" {
						w.set(store, records(store.ID, "bill", bills+5)...)
						bills += 5
					}
					w.run(pipeline.ExitDone, change)
					e := w.entry(store)
					if e.Certificate.Walk == before || e.State != schema.Complete || len(w.published(store)) != bills {
						t.Errorf("published is %+v with %d bills", e, len(w.published(store)))
					}
					walked := false
					for _, c := range w.platform.made() {
						walked = walked || c.Unit.Account.ID == store.ID
					}
					if !walked {
						t.Error("the unit was not walked again")
					}
					w.run(pipeline.ExitDone, replay)
					w.run(pipeline.ExitDone, func(r *pipeline.Run) { r.Backfill = true })
					if again := w.entry(store).Certificate.Walk; again != e.Certificate.Walk {
						t.Errorf("rests on walk %s, and then on %s", e.Certificate.Walk, again)
					}
				})
			})
		}
	}
}

// TestAnswerWithoutEvidence: errors that an earlier version archived as answers of
// the settle query are queried again, once, whatever the order's other queries
// came to; a replay refuses them until then.
func TestAnswerWithoutEvidence(t *testing.T) {
	t.Parallel()
	settles(t, []schema.Account{store}, []schema.Match{byShop, byExt}, func(t *testing.T, w *world) {
		w.set(store, sale(store.ID, "1", "A", "a", 10), sale(store.ID, "2", "B", "b", 20), sale(store.ID, "3", "C", "", 30))
		w.trade.set(byExt, "a", settlement("s1", schema.StatusSuccess, 10, day))
		w.trade.set(byShop, "B", settlement("s2", schema.StatusSuccess, 20, day))
		w.run(pipeline.ExitDone)
		asked := w.trade.made()
		w.unprove("archive/settlements/")

		time.Sleep(24 * time.Hour)
		s, err := w.do(t.Context(), replay)
		if s.ExitCode != pipeline.ExitFailed || err == nil || !strings.Contains(err.Error(), "archive object archive/settlements/") || !strings.Contains(err.Error(), "28001006") {
			t.Errorf("replay ends with %d, %v", s.ExitCode, err)
		}
		w.set(store, sale(store.ID, "1", "A", "a", 10), sale(store.ID, "2", "B", "b", 20)) // and no bill has C any more
		again := allowShrink
		w.run(pipeline.ExitDone, again)
		anew := w.trade.made()
		for _, q := range asked {
			if !slices.Contains(anew, q) {
				t.Errorf("%s is not queried again, only %v", q, anew)
			}
		}
		want := []string{"20 store A matched/order 1:1 10/10/0", "20 store B matched/order 1:1 20/20/0"}
		for range 2 {
			if diff := cmp.Diff(want, w.verdicts(day, day)); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			w.run(pipeline.ExitDone, again)
			if made := w.trade.made(); len(made) > 0 {
				t.Errorf("queried once more: %v", made)
			}
			w.run(pipeline.ExitDone, replay)
		}
	})
}
