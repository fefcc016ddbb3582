package report

import (
	"context"
	"strings"
	"time"

	"billwalk/schema"
)

// maxDrilled is how many bills, and settlements, of one order are shown.
const maxDrilled = 100

// fillDrills finds the stores of the orders in lists, and the bills and settlements of the
// first of each list. No order is in two of them.
func (l *loader) fillDrills(ctx context.Context, lists ...[]Order) error {
	d := drills{place: make(map[string]int), stores: make(map[int]bool)}
	for _, list := range lists {
		for i := range list {
			d.place[list[i].Key] = len(d.list)
			d.list = append(d.list, &list[i])
			if i < l.MaxDrills {
				list[i].Drill = &Drill{Bills: []Bill{}, Settlements: []Settlement{}}
			}
		}
	}
	if len(d.list) == 0 {
		return nil
	}
	return inOrder(ctx, l.parts, func(ctx context.Context, p part) (drilled, error) { return d.read(ctx, l, p) }, d.add)
}

// drills finds what orders consist of.
type drills struct {
	list   []*Order       // those that are to have their bills and settlements have a Drill
	place  map[string]int // in list, by key
	stores map[int]bool   // orders whose store is known, by place
}

// drilled is what one part has of the orders, each at its place in the list.
type drilled struct {
	stores      map[int][]string
	bills       map[int][]Bill
	settlements map[int][]Settlement
}

func (d *drills) read(ctx context.Context, l *loader, p part) (drilled, error) {
	found := drilled{make(map[int][]string), make(map[int][]Bill), make(map[int][]Settlement)}
	for b, err := range rows[schema.Bill](ctx, l, &schema.Bills, p) {
		if err != nil {
			return found, err
		}
		place, ok := d.place[orderOfBill(b)]
		if !ok || !l.accounts[b.WalkAccountID] {
			continue
		}
		found.stores[place] = append(found.stores[place], b.PoiID.V)
		if d.list[place].Drill != nil {
			bill, err := shownBill(p.day, b)
			if err != nil {
				return found, err
			}
			found.bills[place] = append(found.bills[place], bill)
		}
	}
	for s, err := range rows[schema.Settlement](ctx, l, &schema.Settlements, p) {
		if err != nil {
			return found, err
		}
		if place, ok := d.placeOf(s); ok && d.list[place].Drill != nil {
			found.settlements[place] = append(found.settlements[place], shownSettlement(p.day, s))
		}
	}
	return found, nil
}

// placeOf returns the place of the settlement's order.
func (d *drills) placeOf(s *schema.Settlement) (int, bool) {
	for _, key := range orderKeysOf(s) {
		if place, ok := d.place[key]; ok {
			return place, true
		}
	}
	return 0, false
}

func (d *drills) add(found drilled) error {
	for place, stores := range found.stores {
		for _, store := range stores {
			order := d.list[place]
			switch {
			case !d.stores[place]:
				order.Store, d.stores[place] = store, true
			case order.Store != store:
				order.Store = ""
			}
		}
	}
	for place, bills := range found.bills {
		drill := d.list[place].Drill
		drill.Bills = append(drill.Bills, bills...)
		drill.BillsLeft += max(0, len(drill.Bills)-maxDrilled)
		drill.Bills = drill.Bills[:min(len(drill.Bills), maxDrilled)]
	}
	for place, settlements := range found.settlements {
		drill := d.list[place].Drill
		drill.Settlements = append(drill.Settlements, settlements...)
		drill.SettlementsLeft += max(0, len(drill.Settlements)-maxDrilled)
		drill.Settlements = drill.Settlements[:min(len(drill.Settlements), maxDrilled)]
	}
	return nil
}

// orderOfBill returns the key of the bill's order.
func orderOfBill(b *schema.Bill) string {
	if key := schema.OrderKey(b.ShopOrderID.V, b.OrderExtID.V); key != "" {
		return key
	}
	key := b.Key()
	return key.GroupKey()
}

// orderKeysOf returns the keys that the settlement's order may have: by its group, or in a
// file of an earlier version by its ids.
func orderKeysOf(s *schema.Settlement) []string {
	if !s.GroupKey.Valid {
		return []string{s.OrderID.V, "ext:" + s.OutOrderNo.V, s.OutOrderNo.V, "settlement:" + s.SettleID}
	}
	order := strings.TrimSuffix(s.GroupKey.V, "#"+schema.ReasonBillRemoved)
	return []string{order, strings.TrimSuffix(order, "/"+s.ItemOrderID.V)}
}

func shownBill(day schema.Day, b *schema.Bill) (Bill, error) {
	commission, err := schema.Total(b.Amounts.Commissions()...)
	return Bill{
		Day: day, Account: b.WalkAccountID, LedgerID: b.LedgerID, Item: b.ItemOrderID.V, Store: b.PoiID.V, Product: b.GroupName.V, SettleType: b.SettleType, Counted: b.Counts(),
		Legs: [4]Amount{
			schema.LegTotal:      Amount(b.Amounts[schema.LedgerTotal]),
			schema.LegFee:        Amount(b.Amounts[schema.TotalMerchantPlatformService]),
			schema.LegCommission: Amount(commission),
			schema.LegNet:        Amount(b.Amounts[schema.Goods]),
		},
		Time: timeOf(b.SettleTime), LogID: b.LogID.V, FetchedAt: b.FetchedAt, Source: b.ArchiveKey,
	}, err
}

func shownSettlement(day schema.Day, s *schema.Settlement) Settlement {
	return Settlement{
		Day: day, SettleID: s.SettleID, OutSettleNo: s.OutSettleNo.V, Item: s.ItemOrderID.V, Status: s.Status,
		Legs: [4]Amount{schema.LegTotal: Amount(s.Amount), schema.LegFee: Amount(s.Rake), schema.LegCommission: Amount(s.Commission), schema.LegNet: Amount(s.SharesTotal)},
		Time: timeOf(s.SettleTime), Message: s.Message.V, LogID: s.LogID.V, FetchedAt: s.FetchedAt, Source: s.Source, AskedBy: s.AskedBy.V,
	}
}

func timeOf(t schema.Null[time.Time]) *time.Time {
	if !t.Valid {
		return nil
	}
	return &t.V
}

// refundedAlone returns the first refunded orders that are in no other list.
func (r *Report) refundedAlone() (orders []Order) {
	listed := make(map[string]bool)
	for _, list := range [][]Order{r.Orders.List, r.Orders.ResolvedList} {
		for i := range list {
			listed[list[i].Key] = true
		}
	}
	for _, o := range r.Refunds.List[:min(len(r.Refunds.List), maxRefundedDrilled)] {
		if !listed[o.Key] {
			orders = append(orders, Order{Key: o.Key})
		}
	}
	return orders
}

// drillRefunds gives the refunded orders what was found of them.
func (r *Report) drillRefunds(orders []Order) {
	found := make(map[string]*Drill, len(orders))
	for _, o := range orders {
		found[o.Key] = o.Drill
	}
	for i := range r.Refunds.List {
		r.Refunds.List[i].Drill = found[r.Refunds.List[i].Key]
	}
}
