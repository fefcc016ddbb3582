package reconcile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestNoKey: a day without an id to query with is not applicable, though other days of
// its order are compared and its bills count for them.
func TestNoKey(t *testing.T) {
	t.Parallel()
	r := rules()
	r.Match = []schema.Match{{Parameter: "settle_id", Column: "verify_id"}}
	o := reconcile.Order{Key: "K", Answered: true, Bills: billsOf(t, "1 A 40\n1 B 60\n2 A 5"), Settlements: settlementsOf(t, "s1 SUCCESS 100 at=1")}
	o.Bills[2].VerifyID = "v"
	want := strings.TrimSpace(`
group 1 A K not_applicable 1:1 billed 40 settled 100 times 1..1 no_key
group 1 B K not_applicable 1:0 billed 60 no_key
group 2 A K bill_only 1:0 billed 5
placed s1 1 A`)
	if diff := cmp.Diff(want, orderText(t, r, &o)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Configured = false
	if got := orderText(t, r, &o); strings.Count(got, "not_applicable") != 3 || strings.Count(got, "not_configured") != 3 {
		t.Errorf("without a trade app:\n%s", got)
	}
}

// TestRow checks all columns of a row, and the day of a settlement to the microsecond.
func TestRow(t *testing.T) {
	t.Parallel()
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	at := func(hour int) schema.Null[time.Time] {
		return schema.Some(schema.Day(1).Start().Add(time.Duration(hour) * time.Hour))
	}
	o := reconcile.Order{Key: "ext:E", Answered: true, Bills: billsOf(t, "1 A 100/5/3/92 item=i1\n2 A 1"), Settlements: settlementsOf(t, `
s1 SUCCESS 60/5/0/55 item=i1
s2 FAIL 7 item=i1
s3 SUCCESS 40/0/3/37 item=i1`)}
	for i := range o.Bills {
		o.Bills[i].ShopOrderID, o.Bills[i].OrderExtID = "", "E"
	}
	// The day changes at 16:00 UTC: the last moment of day 1, the first of it, and one between.
	for i, hour := range []int{23, 0, 24} {
		o.Settlements[i].SettleTime = at(hour)
	}
	o.Settlements[2].SettleTime.V = o.Settlements[2].SettleTime.V.Add(-time.Microsecond)
	outcome, err := rules().Reconcile(1, &o)
	if err != nil {
		t.Fatal(err)
	}
	var placed []reconcile.Placed
	for _, s := range o.Settlements {
		s.WalkAccountID, s.GroupKey = schema.Some[schema.AccountID]("A"), schema.Some("ext:E/i1")
		placed = append(placed, reconcile.Placed{Account: "A", Settlement: s})
	}
	want := reconcile.Outcome{
		Groups: []schema.Reconciliation{{
			WalkAccountID: "A", GroupKey: "ext:E/i1", ItemOrderID: schema.Some("i1"), Verdict: schema.Matched, MatchedBy: schema.Some(schema.ByItem),
			BillRows: 1, SettlementRows: 3,
			Billed: schema.Legs{fen(100), fen(5), fen(3), fen(92)}, Settled: schema.Legs{fen(100), fen(5), fen(3), fen(92)},
			Diff:            schema.Legs{fen(0), fen(0), fen(0), fen(0)},
			FirstSettleTime: at(0), LastSettleTime: o.Settlements[2].SettleTime,
		}},
		Settlements: placed,
	}
	if diff := cmp.Diff(want, outcome); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A microsecond later is the next day in China.
	o.Settlements[2].SettleTime = at(24)
	if outcome, err = rules().Reconcile(2, &o); err != nil || len(outcome.Settlements) != 1 || outcome.Settlements[0].Settlement.SettleID != "s3" {
		t.Errorf("got settlements %+v of day 2 (%v), want s3", outcome.Settlements, err)
	}
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	const maxFen = "9223372036854775807"
	for _, test := range []struct{ name, bills, settlements, want string }{
		{"bills of a group", "1 A " + maxFen + "\n1 A 1", "", "group K of account A on 1970-01-02: sum of total"},
		{"bills of an order", "1 A " + maxFen + "\n1 B 1", "s1 SUCCESS 5 at=1", "order K: sum of total"},
		{"settlements", "1 A 1", "s1 SUCCESS 0/" + maxFen + "/0/0 at=1\ns2 SUCCESS 0/1/0/0 at=1", "order K: sum of fee"},
		{"their difference", "1 A -2", "s1 SUCCESS " + maxFen + " at=1", "order K: difference of total"},
	} {
		o := reconcile.Order{Key: "K", Bills: billsOf(t, test.bills), Settlements: settlementsOf(t, test.settlements), Answered: true}
		_, err := rules().Reconcile(1, &o)
		if !errors.Is(err, schema.ErrOverflow) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %s", test.name, err, test.want)
		}
	}
	refunds := billsOf(t, "1 A -"+maxFen+"\n1 A -2")
	for i := range refunds {
		refunds[i].SettleType = 2
	}
	if _, err := rules().NotCompared(refunds); !errors.Is(err, schema.ErrOverflow) || !strings.HasPrefix(err.Error(), "group K#non-forward of account A on 1970-01-02") {
		t.Errorf("refunds: got error %v, want an overflow of group K#non-forward", err)
	}
}
