package schema

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTallyBatch: sums by column, and those of an Adder, are those by row, and a sum that leaves int64 is the same
// error.
func TestTallyBatch(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(7, 1))
	failed := 0
	for round := range 300 {
		bills, b := randomBills(dice, 1+dice.IntN(200), round%3 > 0), NewBatch(Bills.Columns())
		for i := range bills {
			for a := range bills[i].Amounts {
				if round%2 == 0 {
					bills[i].Amounts[a].V %= 1e15
				} else if dice.IntN(40) > 0 {
					bills[i].Amounts[a].V /= math.MaxInt64 / 20
				}
			}
			Bills.AppendTo(b, &bills[i])
		}
		var want, got Totals
		var wantErr, gotErr error
		for from := 0; from < len(bills) && wantErr == nil; {
			to := from + dice.IntN(len(bills)-from+1)
			for i := from; i < to && wantErr == nil; i++ {
				wantErr = Bills.Tally(&want, &bills[i])
			}
			gotErr, from = Bills.TallyBatch(&got, b, from, to), to
		}
		adder := Bills.Adder()
		var addErr error
		for i := 0; i < len(bills) && addErr == nil; i++ {
			addErr = adder.Add(&bills[i])
		}
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || fmt.Sprint(addErr) != fmt.Sprint(wantErr) {
			t.Fatalf("round %d: by column %v, by an Adder %v, by row %v", round, gotErr, addErr, wantErr)
		}
		if wantErr != nil {
			failed++
			continue
		}
		if diff := cmp.Diff(want, got) + cmp.Diff(want, adder.Totals()); diff != "" {
			t.Fatalf("round %d (-by row +by column, then by an Adder):\n%s", round, diff)
		}
	}
	if failed < 50 || failed > 250 {
		t.Errorf("%d of 300 rounds left int64: too few or too many to show anything", failed)
	}
}

// BenchmarkTallyBatch adds up 8,192 rows.
func BenchmarkTallyBatch(b *testing.B) {
	bills, batch := randomBills(rand.New(rand.NewPCG(7, 1)), 8192, true), NewBatch(Bills.Columns())
	for i := range bills {
		for a := range bills[i].Amounts {
			bills[i].Amounts[a].V %= 1e9
		}
		Bills.AppendTo(batch, &bills[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		var totals Totals
		if err := Bills.TallyBatch(&totals, batch, 0, batch.Rows); err != nil {
			b.Fatal(err)
		}
	}
}
