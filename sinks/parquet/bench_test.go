package parquet

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"billwalk/schema"
)

// usualBills returns n bills as a platform makes them: ids of 19 digits that grow with the
// time, a few stores and products, answers of 50 bills, amounts of which most are small or
// depend on others.
func usualBills(n int) []schema.Bill {
	dice := rand.New(rand.NewPCG(20, 11))
	id := func(at int) schema.Null[string] {
		return schema.Some(fmt.Sprint(7_400_000_000_000_000_000 + int64(at)*23_843_445_385_394 + dice.Int64N(1e13)))
	}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, schema.China)
	bills := make([]schema.Bill, n)
	for i := range bills {
		b, answer := &bills[i], i/50
		b.AccountID, b.WalkAccountID, b.LedgerID = fmt.Sprint(7113893944009705516+i/5000), "7113893944009705516", id(i).V
		b.BizType, b.SettleType, b.Direction = schema.Some(int32(5)), 1+dice.Int32N(2), schema.Some(int32(1))
		b.ShopOrderID, b.ItemOrderID, b.OrderExtID = id(i-dice.IntN(999)), id(i-dice.IntN(99)), schema.Some("ext-"+id(i).V)
		if dice.IntN(2) == 0 {
			b.CertificateID, b.VerifyID = id(i), id(i+1)
		}
		b.PoiID, b.SkuID = schema.Some(fmt.Sprint(7743588124969250241+dice.IntN(9))), schema.Some(fmt.Sprint(7049429068067223288+dice.IntN(900)))
		b.GroupName = schema.Some(hostileNames[dice.IntN(len(hostileNames))])
		b.SettleTime = schema.Some(day.Add(time.Duration(dice.IntN(86_400)) * time.Second).UTC())
		pay := schema.Fen(dice.IntN(30_000))
		for a := range b.Amounts {
			switch {
			case a%4 == 0:
				b.Amounts[a] = schema.Some(pay)
			case a%4 != 3 || i%3 == 0:
				b.Amounts[a] = schema.Some(pay * schema.Fen(a) / 1000)
			}
		}
		b.LogID, b.FetchedAt = schema.Some(fmt.Sprintf("2026112002853661343126%09d", answer)), day.Add(time.Duration(answer)*time.Millisecond).UTC()
		b.ArchiveKey = fmt.Sprintf("archive/bills/bill_date=2026-11-20/account=7113893944009705516/01JD0000000000000000000000-%05d.jsonl.zst", i/10_000)
	}
	return bills
}

// BenchmarkWrite writes one full row group of bills per operation, row by row and in one
// batch.
func BenchmarkWrite(b *testing.B) {
	rows, batch := usualBills(RowGroup), schema.NewBatch(schema.Bills.Columns())
	for i := range rows {
		schema.Bills.AppendTo(batch, &rows[i])
	}
	b.Run("rows", func(b *testing.B) {
		benchmarkWrite(b, func(w *Writer) error {
			for i := range rows {
				if err := w.Append(&rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
	})
	b.Run("batch", func(b *testing.B) {
		benchmarkWrite(b, func(w *Writer) error { return w.AppendBatch(batch) })
	})
}

func benchmarkWrite(b *testing.B, fill func(*Writer) error) {
	var bytes int64
	b.ReportAllocs()
	for b.Loop() {
		w := NewWriter(schema.Bills, "v1.2.3", fileIn(b.TempDir()))
		if err := fill(w); err != nil {
			b.Fatal(err)
		}
		file, err := w.Finish(stamp)
		if err != nil {
			b.Fatal(err)
		}
		bytes = file.Bytes
		w.Close()
	}
	b.ReportMetric(float64(RowGroup*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(bytes)/RowGroup, "filebytes/row")
}

// usualFile writes one full row group of bills.
func usualFile(b *testing.B) File {
	rows := usualBills(RowGroup)
	return write(b, schema.Bills, RowGroup, func(i int) schema.Bill { return rows[i] }, stamp)
}

// BenchmarkRead reads one full row group of bills per operation: the columns that
// reconciliation needs, and all.
func BenchmarkRead(b *testing.B) {
	file := usualFile(b)
	for name, columns := range map[string][]string{
		"some": {
			"account_id", "ledger_id", "walk_account_id", "shop_order_id", "item_order_id", "order_ext_id", "settle_type", "settle_sub_type",
			"ledger_total_fen", "total_commission_fen", "total_merchant_platform_service_fen", "goods_fen",
		},
		"all": nil,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range Read(schema.Bills, file.Body(), columns...) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(RowGroup*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkSame compares two files of one full row group of bills per operation.
func BenchmarkSame(b *testing.B) {
	file := usualFile(b)
	b.ReportAllocs()
	for b.Loop() {
		if same, err := SameRows(schema.Bills, file.Body(), file.Body()); err != nil || !same {
			b.Fatal(same, err)
		}
	}
	b.ReportMetric(float64(RowGroup*b.N)/b.Elapsed().Seconds(), "rows/s")
}
