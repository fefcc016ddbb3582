package truth

import (
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
	"billwalk/sinks/report"
)

// checkLeft loads a report again with room for few orders: those left out are counted, and the
// sums of open, resolved and closed orders stay.
func checkLeft(t *testing.T, place billwalktest.Place, buckets int, accounts []schema.Account, all *report.Report) {
	t.Helper()
	const most = 2
	store, err := object.Open(t.Context(), place.URL, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	published, err := lake.Open(t.Context(), store, buckets, "test")
	if err != nil {
		t.Fatal(err)
	}
	few, err := report.Load(t.Context(), published, report.Options{Job: all.Job, Accounts: accounts, From: all.From, To: all.To, Buckets: buckets, MaxOrders: most})
	if err != nil {
		t.Fatal(err)
	}
	if all.Orders.Left != (report.OrderSum{}) {
		t.Errorf("%+v are left out, where there is room for all", all.Orders.Left)
	}
	for name, sums := range map[string][2]report.OrderSum{
		"open": {few.Orders.Open, all.Orders.Open}, "resolved": {few.Orders.Resolved, all.Orders.Resolved}, "closed": {few.Orders.Closed, all.Orders.Closed},
	} {
		if sums[0] != sums[1] {
			t.Errorf("%s orders are %+v, want %+v, however many are listed", name, sums[0], sums[1])
		}
	}
	if len(few.Orders.List) != most || len(few.Orders.ResolvedList) != most {
		t.Fatalf("%d open orders and %d resolved ones are listed, want %d", len(few.Orders.List), len(few.Orders.ResolvedList), most)
	}
	sum := few.Orders.Left
	for i := range few.Orders.List {
		order := &few.Orders.List[i]
		if order.Key != all.Orders.List[i].Key {
			t.Errorf("open order %d is %s, want the largest, %s", i, order.Key, all.Orders.List[i].Key)
		}
		sum.Orders++
		sum.Billed += order.Legs[schema.LegTotal].Billed.V
		sum.Settled += order.Legs[schema.LegTotal].Settled.V
		sum.Stake += order.Stake
	}
	if sum != few.Orders.Open {
		t.Errorf("listed and left out are %+v, want %+v", sum, few.Orders.Open)
	}
}
