package report

import (
	"testing"

	"billwalk/schema"
)

// The order_id of a settlement may be another than its bills have: its group says which order
// it is of.
func TestSettlementsOfOrders(t *testing.T) {
	id := func(s string) schema.Null[string] { return schema.Null[string]{V: s, Valid: s != ""} }
	for _, c := range []struct{ name, group, item, order, out, want string }{
		{"by the order", "1001", "", "1001", "ext-1", "1001"},
		{"by the merchant's order", "1001", "", "ot9001", "ext-1", "1001"},
		{"of an item", "1001/77", "77", "ot9001", "ext-1", "1001"},
		{"of a bill that is gone", "1001#bill_removed", "", "ot9001", "ext-1", "1001"},
		{"of the item of a bill that is gone", "1001/77#bill_removed", "77", "ot9001", "ext-1", "1001"},
		{"without a shop order", "ext:ext-1", "", "ot9001", "ext-1", "ext:ext-1"},
		{"of a bill without an order", "bill:71/42/1/", "", "ot9001", "", "bill:71/42/1/"},
		{"without a bill or an order", "settlement:8001", "", "", "", "settlement:8001"},
		{"in a file of an earlier version", "", "", "1001", "", "1001"},
		{"of another order", "1002", "", "1001", "ext-1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			keys := []string{"1001", "ext:ext-1", "bill:71/42/1/", "settlement:8001"}
			d := drills{place: make(map[string]int)}
			for i, key := range keys {
				d.place[key] = i
			}
			s := schema.Settlement{SettleID: "8001", OrderID: id(c.order), OutOrderNo: id(c.out), ItemOrderID: id(c.item), GroupKey: id(c.group)}
			got := ""
			if place, ok := d.placeOf(&s); ok {
				got = keys[place]
			}
			if got != c.want {
				t.Errorf("the order is %q, want %q", got, c.want)
			}
		})
	}
}
