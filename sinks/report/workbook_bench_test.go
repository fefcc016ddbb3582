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

// BenchmarkLists writes many exceptions and changed bills: far more than memory keeps of a sheet.
func BenchmarkLists(b *testing.B) {
	const rows = 100_000
	r := fixture()
	r.Exceptions[0].Count, r.Restatements[0].Changed = rows, rows
	short := lists(r)
	long := Lists{Exceptions: repeat(short.Exceptions, rows), Restatements: repeat(short.Restatements, rows)}
	for b.Loop() {
		if err := WriteWorkbook(b.Context(), io.Discard, r, ledger, long); err != nil {
			b.Fatal(err)
		}
	}
	reportMemory(b, 2*rows)
}

// repeat yields the first value of a sequence n times.
func repeat[T any](of iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for value, err := range of {
			for range n {
				if !yield(value, err) {
					return
				}
			}
			return
		}
	}
}

func benchmarkWorkbook(b *testing.B, accounts, bills int) {
	b.ReportAllocs()
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
	reportMemory(b, accounts*bills)
}

// reportMemory reports what the runtime took for so many rows, and checks it.
func reportMemory(b *testing.B, rows int) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.Sys > maxWorkbookMemory {
		b.Errorf("the runtime took %d MiB", memory.Sys>>20)
	}
	b.ReportMetric(float64(memory.Sys)/(1<<20), "MiB")
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
