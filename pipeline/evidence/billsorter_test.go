package evidence

import (
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// addBills adds bills to a sorter, in batches.
func addBills(s *BillSorter, bills []schema.Bill) error {
	batch := schema.NewBatch(schema.Bills.Columns())
	for i := range bills {
		if schema.Bills.AppendTo(batch, &bills[i]); batch.Rows < 1000 && i < len(bills)-1 {
			continue
		}
		if err := s.Add(batch); err != nil {
			return err
		}
		batch.Reset()
	}
	return s.End()
}

// TestByOrder: whatever their number, bills come once each, and order by order; no order is
// parted, and bills without one stay together by account. And so again.
func TestByOrder(t *testing.T) {
	t.Parallel()
	const memory, many = 100_000, 20_001 // so many bills do not fit
	order := func(i int) schema.Null[string] { return schema.Some(strconv.Itoa(i * 7919 % 10_007)) }
	for name, row := range map[string]struct {
		bills  int
		change func(i int, b *schema.Bill)
		orders int
	}{
		"none":                    {0, nil, 0},
		"one run":                 {1000, func(i int, b *schema.Bill) { b.ShopOrderID = schema.Some(strconv.Itoa(i % 70)) }, 70},
		"several runs":            {many, func(i int, b *schema.Bill) { b.ShopOrderID = order(i) }, 10_007},
		"one order of two runs":   {many, func(_ int, b *schema.Bill) { b.OrderExtID = schema.Some("K") }, 1},
		"no orders, two accounts": {many, func(i int, b *schema.Bill) { b.AccountID = strconv.Itoa(i % 2) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := make([]schema.Bill, row.bills)
			for i := range all {
				all[i] = schema.Bill{AccountID: "1", LedgerID: strconv.Itoa(i), WalkAccountID: "1", SettleType: 1}
				row.change(i, &all[i])
			}
			s := newBillSorter(new(reconcile.Rules), 7, memory)
			defer s.Close()
			if err := addBills(s, all); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				seen, bills, orders, last := make([]bool, row.bills), 0, 0, ""
				for order, err := range s.ByOrder() {
					if err != nil {
						t.Fatal(err)
					}
					key := sortKey(&order[0])
					if orders > 0 && key <= last {
						t.Fatalf("order %q comes after %q", key, last)
					}
					before := -1
					for i := range order {
						n, _ := strconv.Atoi(order[i].LedgerID)
						if seen[n] || n < before || sortKey(&order[i]) != key || order[i].Day != 7 {
							t.Fatalf("bill %+v is there again, out of its order, or not of order %q", order[i], key)
						}
						seen[n], before = true, n
					}
					last, bills, orders = key, bills+len(order), orders+1
				}
				if bills != row.bills || orders != row.orders {
					t.Errorf("%d bills in %d orders, want %d in %d", bills, orders, row.bills, row.orders)
				}
			}
		})
	}
}

// sortKey is the order of a bill; those without one stay together by account.
func sortKey(b *reconcile.Bill) string {
	if key := b.OrderKey(); key != "" {
		return key
	}
	return "bill:" + b.AccountID
}

// TestByOrderFails: a bill whose commissions overflow is an error that names it, of Add and
// of ByOrder.
func TestByOrderFails(t *testing.T) {
	t.Parallel()
	s := NewBillSorter(new(reconcile.Rules), 7)
	defer s.Close()
	bills := []schema.Bill{{AccountID: "1", LedgerID: "2", SettleType: 1}}
	for _, part := range schema.CommissionParts {
		bills[0].Amounts[part] = schema.Some(schema.Fen(math.MaxInt64))
	}
	_, want := reconcile.NewBill(7, &bills[0])
	var got error
	err := addBills(s, bills)
	for _, got = range s.ByOrder() {
	}
	if !errors.Is(want, schema.ErrOverflow) || err == nil || err.Error() != want.Error() || !errors.Is(got, err) {
		t.Errorf("got %v, then %v, want %v", err, got, want)
	}
}

// TestBillSorter: a bill comes as reconcile.NewBill has it, with the ids that the rules use.
func TestBillSorter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"K", "ext:K", "bill:1", "1"}), rapid.StringN(0, 300, -1))
		id := rapid.Custom(func(t *rapid.T) schema.Null[string] {
			return schema.Null[string]{V: text.Draw(t, "id"), Valid: true}
		})
		rules := &reconcile.Rules{}
		for _, column := range []string{"certificate_id", "verify_id"} {
			if rapid.Bool().Draw(t, column) {
				rules.Match = append(rules.Match, schema.Match{Parameter: "order_id", Column: column})
			}
		}
		s := newBillSorter(rules, 7, 0)
		defer s.Close()
		bills := make([]schema.Bill, rapid.IntRange(1, 3).Draw(t, "bills"))
		want := make(map[string]reconcile.Bill)
		for i := range bills {
			b := &bills[i]
			*b = schema.Bill{
				AccountID: text.Draw(t, "payee"), WalkAccountID: schema.AccountID(text.Draw(t, "account")), LedgerID: strconv.Itoa(i) + text.Draw(t, "ledger"), SettleType: rapid.SampledFrom([]int32{1, 1, 2, -3}).Draw(t, "type"),
				ShopOrderID: id.Draw(t, "shop"), ItemOrderID: id.Draw(t, "item"), OrderExtID: id.Draw(t, "ext"), CertificateID: id.Draw(t, "certificate"), VerifyID: id.Draw(t, "verify"),
			}
			if rapid.Bool().Draw(t, "has sub type") {
				b.SettleSubType = schema.Some(rapid.Int32().Draw(t, "sub type"))
			}
			for a := range b.Amounts {
				if rapid.Bool().Draw(t, "known") {
					b.Amounts[a] = schema.Some(schema.Fen(rapid.Int64Range(-1e12, 1e12).Draw(t, "fen")))
				}
			}
			one, err := reconcile.NewBill(7, b)
			if err != nil {
				t.Fatal(err)
			}
			if !s.codec.certificates {
				one.CertificateID = ""
			}
			if !s.codec.verifications {
				one.VerifyID = ""
			}
			want[one.LedgerID] = one
		}
		if err := addBills(s, bills); err != nil {
			t.Fatal(err)
		}
		got := make(map[string]reconcile.Bill)
		for order, err := range s.ByOrder() {
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range order {
				got[b.LedgerID] = b
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}
