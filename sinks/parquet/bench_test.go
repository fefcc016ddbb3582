package parquet

import (
	"testing"

	"billwalk/schema"
)

// BenchmarkWrite writes one full row group of bills per operation.
func BenchmarkWrite(b *testing.B) {
	rows := make([]schema.Bill, RowGroup)
	for i := range rows {
		rows[i] = billAt(i)
	}
	var bytes int64
	b.ReportAllocs()
	for b.Loop() {
		w := NewWriter(schema.Bills, "v1.2.3", fileIn(b.TempDir()))
		for i := range rows {
			if err := w.Append(&rows[i]); err != nil {
				b.Fatal(err)
			}
		}
		file, err := w.Finish(stamp)
		if err != nil {
			b.Fatal(err)
		}
		bytes = file.Bytes
		w.Close()
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/float64(len(rows)), "filebytes/row")
}

// BenchmarkRead reads, of one full row group of bills per operation, the columns
// that reconciliation needs.
func BenchmarkRead(b *testing.B) {
	file := write(b, schema.Bills, RowGroup, billAt, stamp)
	columns := []string{
		"account_id", "ledger_id", "walk_account_id", "shop_order_id", "item_order_id", "order_ext_id", "settle_type", "settle_sub_type",
		"ledger_total_fen", "total_commission_fen", "total_merchant_platform_service_fen", "goods_fen",
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Read(schema.Bills, file.Body(), columns...) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(RowGroup*b.N)/b.Elapsed().Seconds(), "rows/s")
}
