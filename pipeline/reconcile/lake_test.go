package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// lake has the tables of random purchases, and their groups by Reconcile, NotCompared
// and Unmatched.
type lake struct {
	rules       *reconcile.Rules
	dice        dice
	purchases   int
	bills       []dated[schema.Bill]
	settlements []dated[schema.Settlement]
	groups      []dated[schema.Reconciliation]
}

// dated is a row of a table and its bill_date.
type dated[R any] struct {
	day schema.Day
	row R
}

// firstDay is the first day with bills of purchases.
const firstDay schema.Day = 20000

// purchase adds one purchase: the bills of an order, or of several where some bills
// lack the order's id, and their settlements. It adds nothing if the days would not
// agree on where a settlement counts, as each of them sees other bills.
func (l *lake) purchase(t *testing.T) {
	t.Helper()
	number := fmt.Sprintf("%05d", l.purchases)
	added := lake{bills: l.dice.bills(number, l.rules.Lookback)}
	orders := make(map[string]*reconcile.Order)
	var bills []reconcile.Bill
	days := make(map[schema.Day][]reconcile.Bill)
	for i := range added.bills {
		day := added.bills[i].day
		b, err := reconcile.NewBill(day, &added.bills[i].row)
		if err != nil {
			t.Fatal(err)
		}
		bills, days[day] = append(bills, b), append(days[day], b)
		if key := b.OrderKey(); b.Forward() && key != "" {
			if orders[key] == nil {
				orders[key] = &reconcile.Order{Key: key, Answered: true}
			}
			orders[key].Bills = append(orders[key].Bills, b)
		}
	}
	l.settle(number, orders)
	l.callbacks(number, orders)
	l.unmatched(t, number, bills, &added)

	published, ok := l.publish(orders)
	if !ok {
		return
	}
	for day, bills := range days {
		groups, err := l.rules.NotCompared(bills)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			outcome, err := l.rules.Reconcile(day, published.order(o, day))
			if err != nil {
				t.Fatal(err)
			}
			groups = append(groups, outcome.Groups...)
			for _, p := range outcome.Settlements {
				added.settlements = append(added.settlements, dated[schema.Settlement]{day, p.Settlement})
			}
		}
		for _, g := range groups {
			added.groups = append(added.groups, dated[schema.Reconciliation]{day, g})
		}
	}
	l.purchases++
	l.bills = append(l.bills, added.bills...)
	l.settlements = append(l.settlements, added.settlements...)
	l.groups = append(l.groups, added.groups...)
}

// settle gives the orders settlements found by queries. One with an id of several
// orders belongs to the first.
func (l *lake) settle(number string, orders map[string]*reconcile.Order) {
	type query struct {
		schema.Query
		order *reconcile.Order
	}
	var queries []query
	for _, key := range slices.Sorted(maps.Keys(orders)) {
		o := orders[key]
		for day := firstDay; day <= firstDay+schema.Day(2*l.rules.Lookback+1); day++ {
			ofDay := slices.DeleteFunc(slices.Clone(o.Bills), func(b reconcile.Bill) bool { return b.Day != day })
			for _, q := range l.rules.Queries(ofDay) {
				if !slices.ContainsFunc(queries, func(other query) bool { return other.Query == q }) {
					queries = append(queries, query{q, o})
				}
			}
		}
	}
	if len(queries) == 0 {
		return
	}
	for i := range l.dice.IntN(5) {
		q := pick(l.dice, queries...)
		s := l.dice.settlement(q.order.Bills)
		s.SettleID = fmt.Sprintf("s%s-%d", number, i)
		s.OrderID, s.OutOrderNo, s.OutSettleNo = schema.Some("o"+number), schema.Some("e"+number), schema.Some("v"+number)
		link(&s, q.Query)
		q.order.Settlements = append(q.order.Settlements, s)
		if item := schema.Some("i" + number + pick(l.dice, "a", "b")); l.dice.once(5) && s.ItemOrderID != item { // callbacks report its items
			s.ItemOrderID, s.Source = item, schema.SourceBoth
			q.order.Settlements = append(q.order.Settlements, s)
		}
	}
}

// link gives the settlement the id, and the link by it.
func link(s *schema.Settlement, q schema.Query) {
	s.AskedBy = schema.Some(q.Match.String())
	switch q.Parameter {
	case "order_id":
		s.OrderID = schema.Some(q.Value)
	case "out_order_no":
		s.OutOrderNo = schema.Some(q.Value)
	case "out_settle_no":
		s.OutSettleNo = schema.Some(q.Value)
	case "item_order_id":
		s.ItemOrderID = schema.Some(q.Value)
	}
}

// siblingRule is the link of callbacks that only have the order_id of another settlement.
const siblingRule = "order_id: settlement"

// callbacks gives the orders settlements that no query found. Some have an id or the
// item of a bill, others only the order_id of another settlement. One with an id of
// several orders belongs to the first.
func (l *lake) callbacks(number string, orders map[string]*reconcile.Order) {
	var all []*reconcile.Order // by key
	for _, key := range slices.Sorted(maps.Keys(orders)) {
		all = append(all, orders[key])
	}
	if len(all) == 0 {
		return
	}
	give := func(s schema.Settlement, to func(*reconcile.Order) bool) {
		if !slices.ContainsFunc(all, func(o *reconcile.Order) bool { return has(o.Settlements, s.SettleID, s.ItemOrderID) }) {
			first := all[slices.IndexFunc(all, to)]
			first.Settlements = append(first.Settlements, s)
		}
	}
	for range l.dice.IntN(3) {
		o := pick(l.dice, all...)
		s, ids := l.dice.callback(number, "c", o.Bills), l.callbackIDs(pick(l.dice, o.Bills...))
		if len(ids) == 0 {
			continue
		}
		id := pick(l.dice, ids...)
		link(&s, id)
		give(s, func(o *reconcile.Order) bool {
			return slices.ContainsFunc(o.Bills, func(b reconcile.Bill) bool { return slices.Contains(l.callbackIDs(b), id) })
		})
	}
	for range l.dice.IntN(3) {
		o := pick(l.dice, all...)
		s := l.dice.callback(number, "c", o.Bills)
		if len(o.Settlements) > 0 && o.Settlements[0].OrderID.V != "" {
			s.OrderID, s.AskedBy = o.Settlements[0].OrderID, schema.Some(siblingRule)
			give(s, func(o *reconcile.Order) bool {
				return slices.ContainsFunc(o.Settlements, func(linked schema.Settlement) bool {
					return linked.AskedBy.V != siblingRule && linked.OrderID == s.OrderID
				})
			})
		}
	}
}

// callbackIDs returns the ids by which a callback may be linked to a bill.
func (l *lake) callbackIDs(b reconcile.Bill) []schema.Query {
	ids := slices.DeleteFunc(l.rules.Queries([]reconcile.Bill{b}), func(q schema.Query) bool { return q.Parameter == "out_order_no" })
	if b.ItemOrderID != "" {
		ids = append(ids, schema.Query{Match: schema.Match{Parameter: "item_order_id", Column: "item_order_id"}, Value: b.ItemOrderID})
	}
	return ids
}

// unmatched adds settlements without a bill, whatever their order_id, and their groups.
func (l *lake) unmatched(t *testing.T, number string, bills []reconcile.Bill, added *lake) {
	t.Helper()
	days := make(map[schema.Day][]schema.Settlement)
	for range l.dice.IntN(4) {
		s := l.dice.callback(number, "u", bills)
		day := firstDay
		if s.SettleTime.Valid {
			day = schema.DayOf(s.SettleTime.V)
		}
		days[day] = append(days[day], s)
		added.settlements = append(added.settlements, dated[schema.Settlement]{day, s})
	}
	for day, settlements := range days {
		groups, err := reconcile.Unmatched(day, settlements)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			added.groups = append(added.groups, dated[schema.Reconciliation]{day, g})
		}
	}
}
