package reconcile_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// lake is tables of random purchases, and what Order, Apart and Unexplained say of
// them.
type lake struct {
	rules       *reconcile.Rules
	dice        dice
	purchases   int
	bills       []dated[schema.Bill]
	settlements []dated[schema.Settlement]
	groups      []dated[schema.Reconciliation]
}

// dated is a row of a table with its bill_date.
type dated[R any] struct {
	day schema.Day
	row R
}

// firstDay is the first day that purchases have bills on.
const firstDay schema.Day = 20000

// purchase adds what a customer bought once: the bills of an order, or of several
// where some bills lack the order's id, and their settlements. It adds nothing
// where days would place a settlement differently, by what each of them sees.
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
		if key := b.Order(); b.Forward() && key != "" {
			if orders[key] == nil {
				orders[key] = &reconcile.Order{Key: key, Asked: true}
			}
			orders[key].Bills = append(orders[key].Bills, b)
		}
	}
	l.settle(number, orders)
	l.callbacks(number, orders)
	l.unexplained(t, number, bills, &added)

	standings, ok := l.stand(orders)
	if !ok {
		return
	}
	for day, bills := range days {
		groups, err := l.rules.Apart(bills)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			outcome, err := l.rules.Order(day, standings.order(o, day))
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

// settle gives the orders settlements. One that answers a question of several
// orders is the first one's.
func (l *lake) settle(number string, orders map[string]*reconcile.Order) {
	type asked struct {
		schema.Question
		by *reconcile.Order
	}
	var questions []asked
	for _, key := range slices.Sorted(maps.Keys(orders)) {
		o := orders[key]
		for day := firstDay; day <= firstDay+schema.Day(2*l.rules.Lookback+1); day++ {
			of := slices.DeleteFunc(slices.Clone(o.Bills), func(b reconcile.Bill) bool { return b.Day != day })
			for _, q := range l.rules.Questions(of) {
				if !slices.ContainsFunc(questions, func(a asked) bool { return a.Question == q }) {
					questions = append(questions, asked{q, o})
				}
			}
		}
	}
	if len(questions) == 0 {
		return
	}
	for i := range l.dice.IntN(5) {
		q := pick(l.dice, questions...)
		s := l.dice.settlement(q.by.Bills)
		s.SettleID = fmt.Sprintf("s%s-%d", number, i)
		s.OrderID, s.OutOrderNo, s.OutSettleNo = schema.Some("o"+number), schema.Some("e"+number), schema.Some("v"+number)
		answer(&s, q.Question)
		q.by.Settlements = append(q.by.Settlements, s)
		if item := schema.Some("i" + number + pick(l.dice, "a", "b")); l.dice.once(5) && s.ItemOrderID != item { // callbacks tell its parts
			s.ItemOrderID, s.Source = item, schema.SourceBoth
			q.by.Settlements = append(q.by.Settlements, s)
		}
	}
}

// answer makes the settlement one of the id that was asked for, or that it names.
func answer(s *schema.Settlement, q schema.Question) {
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

// siblingRule names callbacks that only another settlement of their order links.
const siblingRule = "order_id: settlement"

// callbacks adds settlements that no question found. Some name an id of any bill,
// or its item; others only the order_id of another settlement. Of several orders,
// the first one has them.
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
		s, named := l.dice.callback(number, "c", o.Bills), l.named(pick(l.dice, o.Bills...))
		if len(named) == 0 {
			continue
		}
		id := pick(l.dice, named...)
		answer(&s, id)
		give(s, func(o *reconcile.Order) bool {
			return slices.ContainsFunc(o.Bills, func(b reconcile.Bill) bool { return slices.Contains(l.named(b), id) })
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

// named returns the ids of a bill by which a callback may name it.
func (l *lake) named(b reconcile.Bill) []schema.Question {
	ids := slices.DeleteFunc(l.rules.Questions([]reconcile.Bill{b}), func(q schema.Question) bool { return q.Parameter == "out_order_no" })
	if b.ItemOrderID != "" {
		ids = append(ids, schema.Question{Match: schema.Match{Parameter: "item_order_id", Column: "item_order_id"}, Value: b.ItemOrderID})
	}
	return ids
}

// unexplained adds settlements that no bill explains, whatever their order_id, and
// their groups.
func (l *lake) unexplained(t *testing.T, number string, bills []reconcile.Bill, added *lake) {
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
		groups, err := reconcile.Unexplained(day, settlements)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			added.groups = append(added.groups, dated[schema.Reconciliation]{day, g})
		}
	}
}
