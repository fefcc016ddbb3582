package parquet

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"billwalk/schema"
)

// BenchmarkWrite writes one full row group of bills per operation.
func BenchmarkWrite(b *testing.B) {
	rows := make([]schema.Bill, rowGroupRows)
	for i := range rows {
		rows[i] = billAt(i)
	}
	var bytes int64
	b.ReportAllocs()
	for b.Loop() {
		w, err := Create(schema.Bills, b.TempDir(), memory.DefaultAllocator)
		if err != nil {
			b.Fatal(err)
		}
		for i := range rows {
			if err := w.Append(&rows[i]); err != nil {
				b.Fatal(err)
			}
		}
		file, err := w.Close(stamp)
		if err != nil {
			b.Fatal(err)
		}
		bytes = file.Bytes
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/float64(len(rows)), "filebytes/row")
}
