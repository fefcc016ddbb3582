package schema

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// randomBills returns bills with and without values, some of them repeated.
func randomBills(dice *rand.Rand, n int, nullable bool) []Bill {
	text := func() Null[string] {
		if nullable && dice.IntN(3) == 0 {
			return Null[string]{}
		}
		return Some([]string{"", "7420378437319986270", "双人套餐", fmt.Sprint(dice.Uint64())}[dice.IntN(4)])
	}
	number := func() Null[int32] {
		if nullable && dice.IntN(3) == 0 {
			return Null[int32]{}
		}
		return Some(1 + dice.Int32N(5))
	}
	bills := make([]Bill, n)
	for i := range bills {
		b := &bills[i]
		b.AccountID, b.LedgerID, b.WalkAccountID, b.SettleType = text().V, fmt.Sprint(i), "7", 1+dice.Int32N(4)
		b.BizType, b.ShopOrderID, b.ItemOrderID, b.OrderExtID = number(), text(), text(), text()
		b.PoiID, b.GroupName, b.Code, b.Extra, b.LogID = text(), text(), text(), text(), text()
		b.FetchedAt, b.ArchiveKey = time.UnixMicro(dice.Int64N(1<<50)).UTC(), text().V
		for a := range b.Amounts {
			b.Amounts[a] = Null[Fen]{V: Fen(dice.Int64() - dice.Int64()), Valid: true}
			if nullable && dice.IntN(3) == 0 {
				b.Amounts[a] = Null[Fen]{}
			}
		}
		b.SettleTime = Null[time.Time]{V: b.FetchedAt, Valid: true}
	}
	return bills
}

func loaded(b *Batch) []Bill {
	bills := make([]Bill, b.Rows)
	for i := range bills {
		Bills.LoadFrom(b, i, &bills[i])
	}
	return bills
}

func TestBatch(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	whole, want := NewBatch(Bills.Columns()), []Bill(nil)
	for part := range 8 { // the first without any NULL
		bills, b := randomBills(dice, 50+part, part > 0), NewBatch(Bills.Columns())
		for i := range bills {
			Bills.AppendTo(b, &bills[i])
		}
		if diff := cmp.Diff(bills, loaded(b)); diff != "" {
			t.Fatalf("part %d: rows read back differ from those added (-added +read):\n%s", part, diff)
		}
		var rows []int32
		for _, i := range dice.Perm(len(bills))[:40] {
			rows, want = append(rows, int32(i)), append(want, bills[i])
		}
		whole.Gather(b, rows)
	}
	if diff := cmp.Diff(want, loaded(whole)); diff != "" {
		t.Errorf("gathered rows differ (-want +got):\n%s", diff)
	}
	whole.Reset()
	Bills.AppendTo(whole, &want[0])
	if diff := cmp.Diff(want[:1], loaded(whole)); diff != "" {
		t.Errorf("a row added after Reset differs (-want +got):\n%s", diff)
	}
}
