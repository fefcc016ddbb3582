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
// size.
const maxWorkbookMemory = 192 << 20

// BenchmarkWorkbook writes statements of more bills than a sheet holds, of one account and of
// many whose sheets are all small.
func BenchmarkWorkbook(b *testing.B) {
	b.Run("one", func(b *testing.B) { benchmarkWorkbook(b, 1, excelize.TotalRows+10_000) })
	b.Run("many", func(b *testing.B) { benchmarkWorkbook(b, 100, 3_000) })
}

func benchmarkWorkbook(b *testing.B, accounts, bills int) {
	r := fixture()
	account := r.Accounts[0]
	account.Sums.Bills, r.Accounts = int64(bills), nil
	for i := range accounts {
		account.ID = schema.AccountID(fmt.Sprintf("7%018d", i))
		r.Accounts = append(r.Accounts, account)
	}
	bill := &schema.Bill{GroupName: schema.Some("双人套餐"), PoiID: schema.Some("7000000000000000001"), SettleType: 1, Direction: schema.Some[int32](1)}
	for amount := range bill.Amounts {
		bill.Amounts[amount] = schema.Some[schema.Fen](123_45)
	}
	many := func(context.Context) iter.Seq2[DayBill, error] {
		return func(yield func(DayBill, error) bool) {
			for _, a := range r.Accounts {
				for i := range bills {
					bill.WalkAccountID, bill.LedgerID, bill.ShopOrderID = a.ID, fmt.Sprintf("7%018d", i), schema.Some(fmt.Sprintf("8%018d", i))
					if !yield(DayBill{r.From, bill}, nil) {
						return
					}
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
	b.ReportMetric(float64(accounts*bills)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
