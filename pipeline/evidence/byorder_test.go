package evidence

import (
	"errors"
	"iter"
	"strconv"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// TestByOrder: whatever their number, bills come once each, and order by order;
// no order is parted, and bills without one stay together by account.
func TestByOrder(t *testing.T) {
	t.Parallel()
	order := func(i int) schema.Null[string] { return schema.Some(strconv.Itoa(i * 7919 % 100_003)) }
	for name, row := range map[string]struct {
		bills  int
		change func(i int, b *schema.Bill)
		orders int
	}{
		"none":                    {0, nil, 0},
		"one span":                {1000, func(i int, b *schema.Bill) { b.ShopOrderID = schema.Some(strconv.Itoa(i % 70)) }, 70},
		"three spans":             {2*spanBills + 1, func(i int, b *schema.Bill) { b.ShopOrderID = order(i) }, 100_003},
		"one order of two spans":  {spanBills + 1, func(_ int, b *schema.Bill) { b.OrderExtID = schema.Some("K") }, 1},
		"no orders, two accounts": {spanBills + 1, func(i int, b *schema.Bill) { b.AccountID = strconv.Itoa(i % 2) }, 2},
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
			for order, err := range ByOrder(read, new(reconcile.Rules), 7) {
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

// TestByOrderFails: what cannot be read is an error, the first or the second time.
func TestByOrderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for fails := 1; fails <= 2; fails++ {
		reads := 0
		read := func(...string) iter.Seq2[*schema.Bill, error] {
			return func(yield func(*schema.Bill, error) bool) {
				if reads++; yield(&schema.Bill{SettleType: 1}, nil) && reads == fails {
					yield(nil, broken)
				}
			}
		}
		var got error
		for _, err := range ByOrder(read, new(reconcile.Rules), 7) {
			got = err
		}
		if !errors.Is(got, broken) {
			t.Errorf("reading fails the %d. time: %v", fails, got)
		}
	}
}
