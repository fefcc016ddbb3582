package schema

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
		read := NewBatch(Bills.Columns())
		if rest, err := read.SetBytes(b.AppendBytes(nil)); err != nil || len(rest) > 0 {
			t.Fatalf("got %d bytes left and error %v, want none", len(rest), err)
		}
		if diff := cmp.Diff(bills, loaded(read)); diff != "" {
			t.Fatalf("part %d: rows read from bytes differ (-added +read):\n%s", part, diff)
		}
		b = read
		var rows []int32
		for _, i := range dice.Perm(len(bills))[:40] {
			rows, want = append(rows, int32(i)), append(want, bills[i])
		}
		whole.Gather(b, rows)
	}
	if diff := cmp.Diff(want, loaded(whole)); diff != "" {
		t.Errorf("gathered rows differ (-want +got):\n%s", diff)
	}
	twice := NewBatch(Bills.Columns())
	for range 2 {
		twice.Append(whole)
	}
	if diff := cmp.Diff(append(want, want...), loaded(twice)); diff != "" {
		t.Errorf("rows of two batches differ (-want +got):\n%s", diff)
	}
	for range 3 { // what is left in the memory does not show
		whole.Reset()
		for i := range want {
			Bills.AppendTo(whole, &want[len(want)-1-i])
		}
		slices.Reverse(want)
		if diff := cmp.Diff(want, loaded(whole)); diff != "" {
			t.Errorf("rows added after Reset differ (-want +got):\n%s", diff)
		}
	}
}
