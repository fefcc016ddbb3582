package schema_test

import (
	"slices"
	"testing"

	"billwalk/schema"
)

// TestBillKeyCompare: keys are in the order of the table bills; no sub type comes
// before sub type 0.
func TestBillKeyCompare(t *testing.T) {
	t.Parallel()
	ordered := []schema.BillKey{
		{AccountID: "1", LedgerID: "a", SettleType: 1},
		{AccountID: "1", LedgerID: "a", SettleType: 1, SettleSubType: schema.Some[int32](0)},
		{AccountID: "1", LedgerID: "a", SettleType: 1, SettleSubType: schema.Some[int32](2)},
		{AccountID: "1", LedgerID: "a", SettleType: 2},
		{AccountID: "1", LedgerID: "b", SettleType: 1},
		{AccountID: "10", LedgerID: "a", SettleType: 1},
		{AccountID: "2", LedgerID: "a", SettleType: 1},
	}
	for i := range ordered {
		for j := range ordered {
			if got, want := ordered[i].Compare(&ordered[j]), sign(i-j); got != want {
				t.Errorf("%+v and %+v: got %d, want %d", ordered[i], ordered[j], got, want)
			}
		}
	}
}

func sign(n int) int { return min(max(n, -1), +1) }

// TestSettlementKeyCompare: settlements are in the order of their ids, then of items;
// the whole comes before its items.
func TestSettlementKeyCompare(t *testing.T) {
	t.Parallel()
	ordered := []schema.Settlement{
		{SettleID: "1"}, {SettleID: "1", ItemOrderID: schema.Some("1")}, {SettleID: "1", ItemOrderID: schema.Some("2")}, {SettleID: "10"}, {SettleID: "2"},
	}
	got := slices.Clone(ordered)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b schema.Settlement) int { return a.Key().Compare(b.Key()) })
	for i := range ordered {
		if got[i].Key() != ordered[i].Key() {
			t.Errorf("place %d: got %v, want %v", i, got[i].Key(), ordered[i].Key())
		}
	}
}
