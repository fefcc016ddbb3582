package reconcile_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// fullBill returns a forward bill with a different value in every column that
// NewBill reads.
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
		t.Errorf("got commission %v of the parts, want %d", got, sum)
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
			t.Errorf("got commission %v without %s, want %v", got, part.Field(), want)
		}
		want := schema.Null[schema.Fen]{}
		if part != schema.MallStoreGoods {
			want = b.Amounts[part]
		}
		if got := newBill(t, alone).Legs[schema.LegCommission]; got != want {
			t.Errorf("got commission %v of %s alone, want %v", got, part.Field(), want)
		}
	}
	b.Amounts[schema.BrokerCommission].V = math.MaxInt64
	if _, err := reconcile.NewBill(7, &b); !errors.Is(err, schema.ErrOverflow) || !strings.Contains(err.Error(), "2/3/1/21") {
		t.Errorf("got error %v, want an overflow of bill 2/3/1/21", err)
	}
}

// TestColumns: NewBill returns the same for a bill that has these columns alone, and
// needs each of them.
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
					t.Errorf("match by %q: got bill %+v by its columns, want %+v", match, got, want)
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
	i := schema.Bills.ColumnIndex(column)
	if i < 0 {
		t.Fatalf("bills has no column %s", column)
	}
	all, one := schema.NewBatch(schema.Bills.Columns()), schema.NewBatch(schema.Bills.Columns())
	schema.Bills.AppendTo(all, from)
	schema.Bills.AppendTo(one, to)
	one.Columns[i] = all.Columns[i]
	schema.Bills.LoadFrom(one, 0, to)
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
		if got, forward := test.bill.OrderKey(), test.bill.Forward(); got != test.order || forward != test.forward {
			t.Errorf("%+v: got order %q, forward %v; want %q, %v", test.bill, got, forward, test.order, test.forward)
		}
	}
}

func TestQueries(t *testing.T) {
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
	want := []schema.Query{
		{Match: r.Match[0], Value: "2"}, {Match: r.Match[1], Value: "1"}, {Match: r.Match[2], Value: "8"}, {Match: r.Match[4], Value: "200"},
	}
	if diff := cmp.Diff(want, r.Queries(bills)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.Queries([]reconcile.Bill{{}}); len(got) != 0 {
		t.Errorf("got %v for a bill without ids, want none", got)
	}
}
