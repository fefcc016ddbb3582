package pipeline_test

import (
	"fmt"
	"testing"

	"billwalk/pipeline"
	"billwalk/sinks/lake"
)

// BenchmarkBuild builds a day of 200,000 bills from an archive in memory into
// Parquet, as a replay does.
func BenchmarkBuild(b *testing.B) {
	const bills = 200_000
	w := newWorld(b, store)
	list := make([]string, bills)
	for i := range list {
		list[i] = fmt.Sprintf(`{"account_id":%q,"ledger_id":"98765432%011d","shop_order_id":"10%017d","item_order_id":"20%017d","certificate_id":"30%017d","verify_id":"40%017d","poi_id":"6601","sku_id":"1788","code":"10%010d","settle_type":1,"settle_time":1795150000,"group_name":"双人套餐(含饮料)","amount":{"pay":9900,"original":9900,"merchant_ticket":0,"ledger_total":9900,"goods":%d,"total_merchant_platform_service":495}}`,
			store.ID, i, i, i, i, i, i, 9000+i%1000)
	}
	w.set(store, list...)
	w.run(pipeline.ExitDone, pageSize(50))
	published, err := lake.Open(b.Context(), w.store, 1, "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s := w.run(pipeline.ExitDone, replay, into(published)); s.Rows["bills"] != bills {
			b.Fatalf("%d bills", s.Rows["bills"])
		}
	}
	b.ReportMetric(float64(b.N*bills)/b.Elapsed().Seconds(), "rows/s")
}
