package report

import (
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"
	"testing"

	"github.com/xuri/excelize/v2"

	"billwalk/schema"
)

// maxWorkbookMemory bounds what the Go runtime takes from the system for a workbook of any
// size: together with the rest of the process it stays below 512 MiB.
const maxWorkbookMemory = 384 << 20

// BenchmarkWorkbook writes a statement of more bills than a sheet holds.
func BenchmarkWorkbook(b *testing.B) {
	const bills = excelize.TotalRows + 10_000
	r := fixture()
	r.Accounts = r.Accounts[:1]
	bill := &schema.Bill{WalkAccountID: r.Accounts[0].ID, GroupName: schema.Some("双人套餐"), PoiID: schema.Some("7000000000000000001"), SettleType: 1, Direction: schema.Some[int32](1)}
	for amount := range bill.Amounts {
		bill.Amounts[amount] = schema.Some[schema.Fen](123_45)
	}
	many := func(context.Context, schema.AccountID) iter.Seq2[DayBill, error] {
		return func(yield func(DayBill, error) bool) {
			for i := range bills {
				bill.LedgerID, bill.ShopOrderID = fmt.Sprintf("7%018d", i), schema.Some(fmt.Sprintf("8%018d", i))
				if !yield(DayBill{r.From, bill}, nil) {
					return
				}
			}
		}
	}
	for b.Loop() {
		if err := WriteWorkbook(b.Context(), io.Discard, r, many, lists(r)); err != nil {
			b.Fatal(err)
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.Sys > maxWorkbookMemory {
		b.Errorf("the runtime took %d MiB", memory.Sys>>20)
	}
	b.ReportMetric(float64(memory.Sys)/(1<<20), "MiB")
	b.ReportMetric(float64(bills)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
