package pipeline_test

import (
	"fmt"
	"testing"

	"billwalk/pipeline"
	"billwalk/pipeline/audit"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// BenchmarkBuild builds a day of 200,000 bills from an archive in memory into
// Parquet, as a replay does.
func BenchmarkBuild(b *testing.B) {
	const bills = 200_000
	w := newWorld(b, store)
	w.set(store, fullRecords(bills, bills)...)
	w.run(pipeline.ExitDone, pageSize(50))
	benchmarkReplay(b, w, bills, 0)
}

// BenchmarkReconcile builds a day of 100,000 bills in 70,000 orders, each of which
// is settled, from an archive in memory into Parquet, and the same without a trade
// system.
func BenchmarkReconcile(b *testing.B) {
	const bills, orders = 100_000, 70_000
	for _, settled := range []int64{orders, 0} {
		b.Run(fmt.Sprint("settlements=", settled), func(b *testing.B) {
			w := newWorld(b, store)
			if settled > 0 {
				w.withTrade(byShop)
				w.trade.strike = func(q schema.Query) (string, error) {
					return settleBody(ofOrder(q.Value, settlement("ots"+q.Value, schema.StatusSuccess, 9900, day))), nil
				}
			}
			w.set(store, fullRecords(bills, orders)...)
			w.run(pipeline.ExitDone, pageSize(50), tradeInFlight(64))
			benchmarkReplay(b, w, bills, settled)
		})
	}
}

// BenchmarkVerify proves a day of 50,000 bills from its archive and its tables.
func BenchmarkVerify(b *testing.B) {
	const bills = 50_000
	w := newWorld(b, store)
	w.set(store, fullRecords(bills, bills)...)
	w.run(pipeline.ExitDone, pageSize(50))
	published, err := lake.Open(b.Context(), w.store, 1, "bench")
	if err != nil {
		b.Fatal(err)
	}
	w.run(pipeline.ExitDone, replay, into(realLake{published}))
	b.ReportAllocs()
	for b.Loop() {
		proof := audit.Audit{Archive: w.archive, Lake: lake.ToVerify(w.store, 1, "bench"), Accounts: w.accounts, Buckets: 1, From: day, To: day, Today: day}
		if days, err := proof.Run(b.Context()); err != nil || len(days) != 1 || !days[0].Proven {
			b.Fatalf("%+v, %v", days, err)
		}
	}
	b.ReportMetric(float64(b.N*bills)/b.Elapsed().Seconds(), "rows/s")
}

// fullRecords are ledger records with all that real ones have.
func fullRecords(bills, orders int) []string {
	list := make([]string, bills)
	for i := range list {
		list[i] = fmt.Sprintf(`{"account_id":%q,"ledger_id":"98765432%011d","shop_order_id":"10%017d","item_order_id":"20%017d","certificate_id":"30%017d","verify_id":"40%017d","poi_id":"6601","sku_id":"1788","code":"10%010d","settle_type":1,"settle_time":1795150000,"group_name":"双人套餐(含饮料)","amount":{"pay":9900,"original":9900,"merchant_ticket":0,"ledger_total":9900,"goods":%d,"total_merchant_platform_service":495}}`,
			store.ID, i, i%orders, i, i, i, i, 9000+i%1000)
	}
	return list
}

// benchmarkReplay replays the world's day into a lake in memory.
func benchmarkReplay(b *testing.B, w *world, bills, settlements int64) {
	b.Helper()
	published, err := lake.Open(b.Context(), w.store, 1, "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := w.run(pipeline.ExitDone, replay, into(realLake{published})); s.Rows["bills"] != bills || s.Rows["settlements"] != settlements {
			b.Fatalf("%v", s.Rows)
		}
	}
	b.ReportMetric(float64(int64(b.N)*bills)/b.Elapsed().Seconds(), "rows/s")
}
