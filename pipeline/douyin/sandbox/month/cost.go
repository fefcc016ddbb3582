package month

import (
	"billwalk/schema"
)

// FullCost returns the number of orders with a forward bill on the days from..to, and of
// the calls that it takes in a night to query all of them: by each parameter in turn
// until one finds something.
func (t *Truth) FullCost(night int, from, to schema.Day) (orders, calls int) {
	seen := map[*order]bool{}
	for day := from; day <= to; day++ {
		if t.days[day] == nil {
			continue
		}
		for _, o := range t.ordersOf(day) {
			if seen[o] {
				continue
			}
			seen[o] = true
			calls++
			if o.ext != "" && len(o.settlementsFor(orderID, night)) == 0 {
				calls++
			}
		}
	}
	return len(seen), calls
}
