package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// BenchmarkGrowth replays a day in which one thing has very many of another. Ten times as
// many should take ten times as long: compare ns/thing.
func BenchmarkGrowth(b *testing.B) {
	const answer = 10_000 // more do not fit into one of the settle query
	for _, kind := range []struct {
		name string
		most int
		fill func(w *world, n int)
	}{
		{"bills of one order", 100_000, func(w *world, n int) {
			w.set(store, salesOf(n, func(int) string { return "K" })...)
			w.trade.set(byShop, "K", settlement("s", schema.StatusSuccess, int64(n), day))
		}},
		{"settlements of one order", answer, func(w *world, n int) {
			w.set(store, salesOf(n, func(int) string { return "K" })...)
			settlements := make([]string, n)
			for i := range settlements {
				settlements[i] = settlement(fmt.Sprint("s", i), schema.StatusSuccess, 1, day)
			}
			w.trade.set(byShop, "K", settlements...)
		}},
		{"settlements of one order, of another amount each", answer, func(w *world, n int) {
			w.set(store, sale(store.ID, "1", "K", "", 1))
			settlements := make([]string, n)
			for i := range settlements {
				settlements[i] = settlement(fmt.Sprint("s", i), schema.StatusSuccess, int64(i+2), day)
			}
			w.trade.set(byShop, "K", settlements...)
		}},
		{"callbacks of one settlement", 100_000, func(w *world, n int) {
			w.set(store, sale(store.ID, "1", "K", "", 1))
			w.receiveMany(n, func(i int) callback {
				return callback{settle: "s", order: "K", status: schema.StatusSuccess, fen: int64(i), event: day}
			})
		}},
		{"items of one settlement", 100_000, func(w *world, n int) {
			records := salesOf(n, func(int) string { return "K" })
			for i := range records {
				records[i] = ofItem(fmt.Sprint("i", i), records[i])
			}
			w.set(store, records...)
			w.receiveMany(n, func(i int) callback {
				return callback{settle: "s", order: "K", item: fmt.Sprint("i", i), status: schema.StatusSuccess, fen: 1, event: day}
			})
		}},
		{"settlements of one order_id in callbacks", 100_000, func(w *world, n int) {
			w.set(store, sale(store.ID, "1", "K", "", 1))
			w.receiveMany(n, func(i int) callback {
				return callback{settle: fmt.Sprint("s", i), order: "K", status: schema.StatusSuccess, fen: 1, event: day}
			})
		}},
		{"settlements of one order_id in callbacks, without a bill", 100_000, func(w *world, n int) {
			w.set(store, sale(store.ID, "1", "K", "", 1))
			w.receiveMany(n, func(i int) callback {
				return callback{settle: fmt.Sprint("s", i), order: "L", status: schema.StatusSuccess, fen: 1, event: day}
			})
		}},
		{"exceptions of one bill", 100_000, func(w *world, n int) {
			records := make([]string, n)
			for i := range records {
				records[i] = sale(store.ID, "1", "K", "", int64(i))
			}
			w.set(store, records...)
		}},
	} {
		for _, n := range []int{1000, 10_000, 100_000} {
			if n > kind.most {
				continue
			}
			b.Run(fmt.Sprintf("%s/%d", kind.name, n), func(b *testing.B) {
				w := newWorld(b, store)
				w.withTrade(byShop)
				kind.fill(w, n)
				if s, err := w.do(b.Context(), pageSize(1000)); s.ExitCode > pipeline.ExitIncomplete {
					b.Fatal(err)
				}
				published, err := lake.Open(b.Context(), w.store, 1, "bench")
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if s, err := w.do(b.Context(), replay, into(realLake{published})); s.ExitCode > pipeline.ExitIncomplete || s.Rows["reconciliation"] == 0 {
						b.Fatal(err, s.Rows)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/thing")
			})
		}
	}
}

// salesOf returns sales of one fen each.
func salesOf(n int, order func(i int) string) []string {
	records := make([]string, n)
	for i := range records {
		records[i] = sale(store.ID, fmt.Sprint(i), order(i), "", 1)
	}
	return records
}

// receiveMany files n callbacks, a thousand an object.
func (w *world) receiveMany(n int, of func(i int) callback) {
	w.t.Helper()
	all := make([]callback, n)
	for i := range all {
		all[i] = of(i)
	}
	for some := range slices.Chunk(all, 1000) {
		w.receiveTogether(some)
	}
}

// receiveTogether files callbacks as one object.
func (w *world) receiveTogether(callbacks []callback) {
	w.t.Helper()
	var lines []byte
	w.received++
	for i, n := range callbacks {
		at := n.event.Start().Add(20*time.Hour + time.Second + n.received)
		line, err := w.archive.EncodeCallback(schema.Callback{App: "trade", Scheme: schema.SignedRSA, ReceivedAt: at, LogID: fmt.Sprintf("log-%d-%d", w.received, i), Body: n.body()})
		if err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, line...)
	}
	if err := w.archive.AppendCallbacks(w.t.Context(), schema.DayOf(callbacks[0].event.Start().Add(21*time.Hour+callbacks[0].received)), fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69%05d", w.received), lines); err != nil {
		w.t.Fatal(err)
	}
}
