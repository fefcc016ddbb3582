package report

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// openOrders are all open orders, of which the largest are kept.
type openOrders struct {
	most int
	list []Order
	sum  OrderSum
	ages map[ageKey]*Age
	adder
}

type ageKey struct {
	verdict schema.Verdict
	band    AgeBand
}

func (o *openOrders) add(order *Order) {
	age := ageKey{order.Verdict, bandOf(order.Age)}
	if o.ages[age] == nil {
		o.ages[age] = &Age{Verdict: age.verdict, Band: age.band, Oldest: order.First}
	}
	o.addTo(&o.sum, order)
	o.addTo(&o.ages[age].OrderSum, order)
	o.ages[age].Oldest = min(o.ages[age].Oldest, order.First)
	o.list = append(o.list, *order)
	if len(o.list) >= 2*o.most {
		o.trim()
	}
}

func (o *openOrders) addTo(sum *OrderSum, order *Order) {
	sum.Orders++
	o.adder.add(&sum.Billed, order.Legs[schema.LegTotal].Billed.V)
	o.adder.add(&sum.Settled, order.Legs[schema.LegTotal].Settled.V)
	o.adder.add(&sum.Stake, order.Stake)
}

// trim sorts the orders and drops those that are too many.
func (o *openOrders) trim() {
	slices.SortFunc(o.list, func(a, b Order) int {
		return cmp.Or(cmp.Compare(b.Stake, a.Stake), cmp.Compare(a.First, b.First), cmp.Compare(a.Key, b.Key))
	})
	o.list = o.list[:min(len(o.list), o.most):min(len(o.list), o.most)]
}

// orders returns the list, with what is not in it by subtraction.
func (o *openOrders) orders(all int64, verdicts []VerdictSum, resolved *openOrders) Orders {
	list := Orders{
		List: append([]Order{}, o.list...), Open: o.sum, Left: o.sum, ResolvedList: append([]Order{}, resolved.list...), Resolved: resolved.sum,
		Closed: OrderSum{Orders: all - o.sum.Orders - resolved.sum.Orders},
	}
	for i := range o.list {
		legs := &o.list[i].Legs[schema.LegTotal]
		list.Left.Orders--
		o.sub(&list.Left.Billed, legs.Billed.V)
		o.sub(&list.Left.Settled, legs.Settled.V)
		o.sub(&list.Left.Stake, o.list[i].Stake)
	}
	for _, v := range verdicts {
		o.adder.add(&list.Closed.Billed, v.Billed)
		o.adder.add(&list.Closed.Settled, v.Settled)
	}
	for _, sum := range []OrderSum{o.sum, resolved.sum} {
		o.sub(&list.Closed.Billed, sum.Billed)
		o.sub(&list.Closed.Settled, sum.Settled)
	}
	return list
}

func bandOf(age int) AgeBand {
	i := slices.IndexFunc(AgeBands, func(b AgeBand) bool { return b.Has(age) })
	return AgeBands[i]
}

// ageTable returns the ages of every verdict that occurs, in all bands.
func (o *openOrders) ageTable() []Age {
	table := []Age{}
	for _, verdict := range schema.Verdicts {
		row, any := make([]Age, len(AgeBands)), false
		for i, band := range AgeBands {
			row[i] = Age{Verdict: verdict, Band: band}
			if sum := o.ages[ageKey{verdict, band}]; sum != nil {
				row[i], any = *sum, true
			}
		}
		if any {
			table = append(table, row...)
		}
	}
	return table
}
