package evidence

import (
	"errors"
	"iter"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// TestByOrder: whatever their number, bills come once each, and order by order;
// no order is parted, and bills without one stay together by account.
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
			read := func(...string) iter.Seq2[*schema.Bill, error] {
				return func(yield func(*schema.Bill, error) bool) {
					var b schema.Bill // one, filled anew
					for i := range row.bills {
						b = schema.Bill{AccountID: "1", LedgerID: strconv.Itoa(i), WalkAccountID: "1", SettleType: 1}
						row.change(i, &b)
						if !yield(&b, nil) {
							return
						}
					}
				}
			}
			seen, bills, orders, last := make([]bool, row.bills), 0, 0, ""
			for order, err := range byOrder(read, new(reconcile.Rules), 7, memory) {
				if err != nil {
					t.Fatal(err)
				}
				key := sortKey(&order[0])
				if orders > 0 && key <= last {
					t.Fatalf("order %q comes after %q", key, last)
				}
				for i := range order {
					n, _ := strconv.Atoi(order[i].LedgerID)
					if seen[n] || sortKey(&order[i]) != key || order[i].Day != 7 {
						t.Fatalf("bill %+v is there again, or not of order %q", order[i], key)
					}
					seen[n] = true
				}
				last, bills, orders = key, bills+len(order), orders+1
			}
			if bills != row.bills || orders != row.orders {
				t.Errorf("%d bills in %d orders, want %d in %d", bills, orders, row.bills, row.orders)
			}
		})
	}
}

// TestByOrderFails: what cannot be read is an error.
func TestByOrderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	read := func(...string) iter.Seq2[*schema.Bill, error] {
		return func(yield func(*schema.Bill, error) bool) {
			if yield(&schema.Bill{SettleType: 1}, nil) {
				yield(nil, broken)
			}
		}
	}
	var got error
	for _, err := range ByOrder(read, new(reconcile.Rules), 7) {
		got = err
	}
	if !errors.Is(got, broken) {
		t.Errorf("got %v", got)
	}
}

// TestBillCodec: a bill that was encoded and decoded is the same.
func TestBillCodec(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"K", "ext:K", "bill:1", "1"}), rapid.StringN(0, 300, -1))
		fen := rapid.Custom(func(t *rapid.T) schema.Null[schema.Fen] {
			if rapid.Bool().Draw(t, "known") {
				return schema.Some(schema.Fen(rapid.Int64().Draw(t, "fen")))
			}
			return schema.Null[schema.Fen]{}
		})
		codec := billCodec{day: 7}
		for range rapid.IntRange(1, 3).Draw(t, "bills") {
			b := reconcile.Bill{
				Day: 7, Account: schema.AccountID(text.Draw(t, "account")), ShopOrderID: text.Draw(t, "shop"), ItemOrderID: text.Draw(t, "item"),
				OrderExtID: text.Draw(t, "ext"), CertificateID: text.Draw(t, "certificate"), VerifyID: text.Draw(t, "verify"),
				BillKey: schema.BillKey{AccountID: text.Draw(t, "payee"), LedgerID: text.Draw(t, "ledger"), SettleType: rapid.Int32().Draw(t, "type")},
			}
			if rapid.Bool().Draw(t, "has sub type") {
				b.SettleSubType = schema.Some(rapid.Int32().Draw(t, "sub type"))
			}
			for leg := range b.Legs {
				b.Legs[leg] = fen.Draw(t, "leg")
			}
			got := codec.decode(spill.Sorted{Key: []byte(sortKey(&b)), Value: codec.encode(&b)})
			if diff := cmp.Diff(b, got); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
		}
	})
}
