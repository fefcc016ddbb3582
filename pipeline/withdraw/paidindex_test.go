package withdraw

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"billwalk/schema"
)

func ledger(id, settleType int) *schema.WithdrawnBill {
	return &schema.WithdrawnBill{LedgerID: fmt.Sprint(id), SettleType: schema.Some(int32(settleType))}
}

// TestPaidIndex: each bill has the withdrawals that list it, whichever were added together, and
// a bill of another type is another.
func TestPaidIndex(t *testing.T) {
	t.Parallel()
	var x paidIndex
	for id := range 1000 {
		x.add(hashOf(ledger(id, 1)), fmt.Sprint("w", id/100))
	}
	x.sort()
	x.add(hashOf(ledger(700, 1)), "later")
	if n := len(x.find(hashOf(ledger(700, 1)))); n != 1 {
		t.Errorf("%d withdrawals of a bill before the second one is sorted in", n)
	}
	x.add(hashOf(ledger(5, 1)), "later")
	x.add(hashOf(ledger(5, 1)), "last")
	x.sort()
	for id := range 1001 {
		for settleType := 1; settleType <= 2; settleType++ {
			w, want := ledger(id, settleType), []string(nil)
			w.WithdrawID = fmt.Sprint("w", id/100)
			switch {
			case settleType == 1 && id == 5:
				want = []string{"last", "later"}
			case settleType == 1 && id == 700:
				want = []string{"later"}
			}
			if got := x.others(w); !slices.Equal(got, want) {
				t.Errorf("bill %d of type %d: %q, want %q", id, settleType, got, want)
			}
		}
	}
}

// BenchmarkPaidIndex reports what the bills that the withdrawals of a backfill list take, of
// which each lists 500.
func BenchmarkPaidIndex(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, bills := range []int{1_000_000, 4_000_000} {
		b.Run(fmt.Sprint(bills), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				var x paidIndex
				for i := range bills {
					x.add(hashOf(ledger(7e18+i, 1)), fmt.Sprint(7e17+i/500))
				}
				x.sort()
				b.ReportMetric(float64(heap()-before)/float64(bills), "B/bill")
				runtime.KeepAlive(&x)
			}
		})
	}
}
