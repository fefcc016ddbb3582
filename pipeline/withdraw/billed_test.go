package withdraw

import (
	"context"
	"iter"
	"testing"

	"billwalk/schema"
)

// twoDays is a lake in which several days have the same bill, each with another amount.
type twoDays struct {
	Lake
	amounts map[schema.Day]schema.Fen
}

func (l twoDays) Manifest(_ context.Context, day schema.Day, _ int) (*schema.Manifest, error) {
	return &schema.Manifest{Day: day}, nil
}

func (l twoDays) Rows(_ context.Context, _ schema.AnyTable, day schema.Day, _ int, _ ...string) iter.Seq2[schema.Row, error] {
	return func(yield func(schema.Row, error) bool) {
		bill := &schema.Bill{AccountID: "71", LedgerID: "1", SettleType: 1}
		bill.Amounts[schema.FundAmount] = schema.Some(l.amounts[day])
		yield(bill, nil)
	}
}

// TestBilledFirst: a bill that two days have is that of the first, in whichever order they are
// read, as it is in the views.
func TestBilledFirst(t *testing.T) {
	t.Parallel()
	first, second := schema.Day(20000), schema.Day(20001)
	for _, order := range [][]schema.Day{{first, second}, {second, first}} {
		n := &Night{
			Lake: twoDays{amounts: map[schema.Day]schema.Fen{first: 500, second: 600}}, Published: []schema.Day{first, second},
			manifests: make(map[schema.Partition]*schema.Manifest),
		}
		key := schema.BillKey{AccountID: "71", LedgerID: "1", SettleType: 1}
		l := &lookup{bucketNight: &bucketNight{Night: n}, wanted: map[schema.BillKey]bool{key: true}, found: make(map[schema.BillKey]billed), read: make(map[schema.Day]string)}
		for _, day := range order {
			if err := l.readDay(t.Context(), day); err != nil {
				t.Fatal(err)
			}
		}
		if want := (billed{first, schema.Some(schema.Fen(500))}); l.found[key] != want {
			t.Errorf("read in the order %v: %v, want %v", order, l.found[key], want)
		}
	}
}
