package reconcile_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// fullBill returns a forward bill with a value in every column that is read,
// each another one.
func fullBill() schema.Bill {
	b := schema.Bill{
		AccountID: "2", LedgerID: "3", WalkAccountID: "4", SettleType: 1, SettleSubType: schema.Some(int32(21)),
		ShopOrderID: schema.Some("5"), ItemOrderID: schema.Some("6"), OrderExtID: schema.Some("7"),
		CertificateID: schema.Some("8"), VerifyID: schema.Some("9"),
	}
	for a := range schema.AmountCount {
		b.Amounts[a] = schema.Some(schema.Fen(1) << a)
	}
	return b
}

func newBill(t *testing.T, b schema.Bill) reconcile.Bill {
	t.Helper()
	bill, err := reconcile.NewBill(7, &b)
	if err != nil {
		t.Fatal(err)
	}
	return bill
}

func TestNewBill(t *testing.T) {
	t.Parallel()
	want := reconcile.Bill{
		Day: 7, Account: "4",
		BillKey:     schema.BillKey{AccountID: "2", LedgerID: "3", SettleType: 1, SettleSubType: schema.Some(int32(21))},
		ShopOrderID: "5", ItemOrderID: "6", OrderExtID: "7", CertificateID: "8", VerifyID: "9",
		Legs: schema.Legs{
			schema.Some(schema.Fen(1) << schema.LedgerTotal), schema.Some(schema.Fen(1) << schema.TotalMerchantPlatformService),
			schema.Some(schema.Fen(1) << schema.TotalCommission), schema.Some(schema.Fen(1) << schema.Goods),
		},
	}
	if diff := cmp.Diff(want, newBill(t, fullBill())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	refund := fullBill()
	refund.SettleType = 2
	want.SettleType = 2
	want.Legs = schema.Legs{schema.LegTotal: want.Legs[schema.LegTotal]}
	if diff := cmp.Diff(want, newBill(t, refund)); diff != "" {
		t.Errorf("refund (-want +got):\n%s", diff)
	}
}

func TestCommission(t *testing.T) {
	t.Parallel()
	parts := []schema.Amount{schema.TalentCommission, schema.TotalAgentMerchant, schema.BrokerCommission, schema.ClerkCommission, schema.MallStoreGoods}
	b := fullBill()
	b.Amounts[schema.TotalCommission] = schema.Null[schema.Fen]{}
	var sum schema.Fen
	for _, part := range parts {
		sum += b.Amounts[part].V
	}
	if got := newBill(t, b).Legs[schema.LegCommission]; got != schema.Some(sum) {
		t.Errorf("commission of the parts is %v, want %d", got, sum)
	}
	for _, part := range parts {
		without, alone := b, b
		for _, other := range parts {
			if other != part {
				alone.Amounts[other] = schema.Null[schema.Fen]{}
			}
		}
		without.Amounts[part] = schema.Null[schema.Fen]{}
		if got, want := newBill(t, without).Legs[schema.LegCommission], schema.Some(sum-b.Amounts[part].V); got != want {
			t.Errorf("commission without %s is %v, want %v", part.Field(), got, want)
		}
		want := schema.Null[schema.Fen]{}
		if part != schema.MallStoreGoods {
			want = b.Amounts[part]
		}
		if got := newBill(t, alone).Legs[schema.LegCommission]; got != want {
			t.Errorf("commission of %s alone is %v, want %v", part.Field(), got, want)
		}
	}
	b.Amounts[schema.BrokerCommission].V = math.MaxInt64
	if _, err := reconcile.NewBill(7, &b); !errors.Is(err, schema.ErrOverflow) || !strings.Contains(err.Error(), "2/3/1/21") {
		t.Errorf("overflow: %v", err)
	}
}

// TestColumns: a bill read by these columns alone is the same to reconciliation,
// and not one of them can be left out.
func TestColumns(t *testing.T) {
	t.Parallel()
	for _, match := range [][]string{nil, {"shop_order_id"}, {"verify_id", "order_ext_id"}, {"certificate_id", "verify_id"}} {
		var r reconcile.Rules
		for _, column := range match {
			r.Match = append(r.Match, schema.Match{Parameter: "order_id", Column: column})
		}
		whole := fullBill()
		for _, column := range []string{"certificate_id", "verify_id"} {
			if !slices.Contains(match, column) {
				load(t, column, &schema.Bill{}, &whole)
			}
		}
		columns := r.Columns()
		for i := range columns {
			// The commission is a sum of parts or a sum by itself.
			for _, total := range []schema.Null[schema.Fen]{{}, schema.Some(schema.Fen(1))} {
				whole.Amounts[schema.TotalCommission] = total
				if got, want := newBill(t, readBy(t, columns, &whole)), newBill(t, whole); got != want {
					t.Errorf("match by %q: read by columns the bill is %+v, want %+v", match, got, want)
				}
			}
			left := slices.Delete(slices.Clone(columns), i, i+1)
			part := columns[i] != schema.TotalCommission.Column()
			if part {
				whole.Amounts[schema.TotalCommission] = schema.Null[schema.Fen]{}
			}
			if got, want := newBill(t, readBy(t, left, &whole)), newBill(t, whole); got == want {
				t.Errorf("match by %q: column %s is not needed", match, columns[i])
			}
		}
	}
}

func readBy(t *testing.T, columns []string, from *schema.Bill) (b schema.Bill) {
	t.Helper()
	for _, column := range columns {
		load(t, column, from, &b)
	}
	return b
}

// load copies one column from a bill to another.
func load(t *testing.T, column string, from, to *schema.Bill) {
	t.Helper()
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Bills.Arrow())
	defer builder.Release()
	schema.Bills.Append(builder, from)
	record := builder.NewRecordBatch()
	defer record.Release()
	i := slices.IndexFunc(schema.Bills.Fields, func(f schema.Field[schema.Bill]) bool { return f.Name == column })
	if i < 0 {
		t.Fatalf("bills has no column %s", column)
	}
	schema.Bills.Fields[i].Load(record.Column(i), 0, to)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		bill    reconcile.Bill
		order   string
		forward bool
	}{
		{reconcile.Bill{ShopOrderID: "1", OrderExtID: "2", BillKey: schema.BillKey{SettleType: 1}}, "1", true},
		{reconcile.Bill{OrderExtID: "2", BillKey: schema.BillKey{SettleType: 2}}, "ext:2", false},
		{reconcile.Bill{ItemOrderID: "3", CertificateID: "4", VerifyID: "5"}, "", false},
	} {
		if got, forward := test.bill.Order(), test.bill.Forward(); got != test.order || forward != test.forward {
			t.Errorf("%+v is of order %q, forward %v; want %q, %v", test.bill, got, forward, test.order, test.forward)
		}
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	r := reconcile.Rules{Match: []schema.Match{
		{Parameter: "out_order_no", Column: "order_ext_id"}, {Parameter: "order_id", Column: "shop_order_id"},
		{Parameter: "order_id", Column: "item_order_id"}, {Parameter: "settle_id", Column: "certificate_id"}, {Parameter: "out_settle_no", Column: "verify_id"},
	}}
	bills := []reconcile.Bill{
		{ShopOrderID: "1", VerifyID: "30"},
		{ShopOrderID: "1", VerifyID: "4", ItemOrderID: "8"},
		{ShopOrderID: "1", OrderExtID: "2", VerifyID: "200"},
	}
	want := []schema.Question{
		{Match: r.Match[0], Value: "2"}, {Match: r.Match[1], Value: "1"}, {Match: r.Match[2], Value: "8"}, {Match: r.Match[4], Value: "200"},
	}
	if diff := cmp.Diff(want, r.Questions(bills)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.Questions([]reconcile.Bill{{}}); len(got) != 0 {
		t.Errorf("a bill without ids asks %v", got)
	}
}

// TestNoQuestion: a day without a key to ask with has no verdict, though other
// days of its order have, and its bills count for them.
func TestNoQuestion(t *testing.T) {
	t.Parallel()
	r := rules()
	r.Match = []schema.Match{{Parameter: "settle_id", Column: "verify_id"}}
	o := reconcile.Order{Key: "K", Asked: true, Bills: billsOf(t, "1 A 40\n1 B 60\n2 A 5"), Settlements: settlementsOf(t, "s1 SUCCESS 100 at=1")}
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

// TestRow looks at the columns of a row that the cases of TestOrder do not tell.
func TestRow(t *testing.T) {
	t.Parallel()
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	at := func(hour int) schema.Null[time.Time] {
		return schema.Some(schema.Day(1).Start().Add(time.Duration(hour) * time.Hour))
	}
	o := reconcile.Order{Key: "ext:E", Asked: true, Bills: billsOf(t, "1 A 100/5/3/92 item=i1\n2 A 1"), Settlements: settlementsOf(t, `
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
	outcome, err := rules().Order(1, &o)
	if err != nil {
		t.Fatal(err)
	}
	want := reconcile.Outcome{
		Groups: []schema.Reconciliation{{
			WalkAccountID: "A", GroupKey: "ext:E/i1", ItemOrderID: schema.Some("i1"), Verdict: schema.Matched, MatchedBy: schema.Some(schema.ByItem),
			BillRows: 1, SettlementRows: 3,
			Billed: schema.Legs{fen(100), fen(5), fen(3), fen(92)}, Settled: schema.Legs{fen(100), fen(5), fen(3), fen(92)},
			Diff:            schema.Legs{fen(0), fen(0), fen(0), fen(0)},
			FirstSettleTime: at(0), LastSettleTime: o.Settlements[2].SettleTime,
		}},
		Settlements: []reconcile.Placed{{Account: "A", Settlement: o.Settlements[0]}, {Account: "A", Settlement: o.Settlements[1]}, {Account: "A", Settlement: o.Settlements[2]}},
	}
	if diff := cmp.Diff(want, outcome); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A microsecond later is the next day in China.
	o.Settlements[2].SettleTime = at(24)
	if outcome, err = rules().Order(2, &o); err != nil || len(outcome.Settlements) != 1 || outcome.Settlements[0].Settlement.SettleID != "s3" {
		t.Errorf("of day 2 are %+v (%v), want s3", outcome.Settlements, err)
	}
}

func TestApart(t *testing.T) {
	t.Parallel()
	fen := func(v schema.Fen) schema.Null[schema.Fen] { return schema.Some(v) }
	bill := func(account schema.AccountID, shop, ext, ledger string, settleType int32, legs ...schema.Null[schema.Fen]) reconcile.Bill {
		b := reconcile.Bill{Day: 1, Account: account, ShopOrderID: shop, OrderExtID: ext, BillKey: schema.BillKey{AccountID: "P", LedgerID: ledger, SettleType: settleType}}
		copy(b.Legs[:], legs)
		return b
	}
	sub := bill("B", "", "", "8", 4, fen(-3))
	sub.SettleSubType = schema.Some(int32(21))
	bills := []reconcile.Bill{
		sub,
		bill("A", "K", "", "1", 1, fen(100)), // takes part
		bill("A", "K", "", "2", 2, fen(-100)),
		bill("A", "K", "E", "3", 3, fen(-5)),
		bill("A", "K", "", "4", 9), // amounts unknown
		bill("A", "", "E", "5", 2),
		bill("A", "", "", "6", 1, fen(10), fen(1), schema.Null[schema.Fen]{}, fen(9)),
		bill("A", "", "", "6", 1, fen(20), fen(2), schema.Null[schema.Fen]{}, schema.Null[schema.Fen]{}),
		bill("A", "", "", "7", 2, fen(-7)),
	}
	row := func(account schema.AccountID, key string, rows int64, reason string) schema.Reconciliation {
		return schema.Reconciliation{WalkAccountID: account, GroupKey: key, Verdict: schema.NotApplicable, Reasons: []string{reason}, BillRows: rows}
	}
	order := row("A", "K#non-forward", 3, "non_forward")
	order.ShopOrderID, order.Refund = schema.Some("K"), fen(-105)
	keyless := row("A", "bill:P/6/1/", 2, "no_key")
	keyless.Billed = schema.Legs{fen(30), fen(3), schema.Null[schema.Fen]{}, fen(9)}
	single := row("A", "bill:P/7/2/", 1, "non_forward")
	single.Refund = fen(-7)
	debt := row("B", "bill:P/8/4/21", 1, "non_forward")
	debt.Refund = fen(-3)
	want := []schema.Reconciliation{order, keyless, single, row("A", "ext:E#non-forward", 1, "non_forward"), debt}

	got, err := rules().Apart(bills)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("(-want +got, %v):\n%s", err, diff)
	}
	want[1].Reasons = []string{"not_configured"}
	got, err = new(reconcile.Rules).Apart(bills)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("without a trade app (-want +got, %v):\n%s", err, diff)
	}
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	const most = "9223372036854775807"
	for _, test := range []struct{ name, bills, settlements, names string }{
		{"bills of a group", "1 A " + most + "\n1 A 1", "", "group K of account A on 1970-01-02: sum of total"},
		{"bills of an order", "1 A " + most + "\n1 B 1", "s1 SUCCESS 5 at=1", "order K: sum of total"},
		{"settlements", "1 A 1", "s1 SUCCESS 0/" + most + "/0/0 at=1\ns2 SUCCESS 0/1/0/0 at=1", "order K: sum of fee"},
		{"their difference", "1 A -2", "s1 SUCCESS " + most + " at=1", "order K: difference of total"},
	} {
		o := reconcile.Order{Key: "K", Bills: billsOf(t, test.bills), Settlements: settlementsOf(t, test.settlements), Asked: true}
		_, err := rules().Order(1, &o)
		if !errors.Is(err, schema.ErrOverflow) || !strings.HasPrefix(err.Error(), test.names) {
			t.Errorf("%s: %v, want %s", test.name, err, test.names)
		}
	}
	refunds := billsOf(t, "1 A -"+most+"\n1 A -2")
	for i := range refunds {
		refunds[i].SettleType = 2
	}
	if _, err := rules().Apart(refunds); !errors.Is(err, schema.ErrOverflow) || !strings.HasPrefix(err.Error(), "group K#non-forward of account A on 1970-01-02") {
		t.Errorf("refunds: %v", err)
	}
}
