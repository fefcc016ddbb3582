package month

import (
	"maps"
	"slices"
)

// answers returns the nights in which the order's query by the parameter was answered.
func (p *Platform) answers(o *order, parameter string) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.answered[o.key][parameter])
}

// Asked returns the orders that were asked for in a night, by shop_order_id.
func (p *Platform) Asked(night int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.asked[night]))
}

// Refuses says that a query for the order is refused in a night, by one of the
// parameters that it may be asked for by.
func (p *Platform) Refuses(night int, key string) bool {
	o, parameter := p.byKey[key], p.refusal(night).parameter
	return parameter == orderID || parameter == outOrderNo && o.ext != ""
}

// Forget forgets which queries were answered, as for an empty lake.
func (p *Platform) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.answered)
	clear(p.asked)
}

// Long says that the order has bills on several days.
func (p *Platform) Long(key string) bool {
	days := p.byKey[key].bills
	return slices.ContainsFunc(days, func(b *bill) bool { return b.day != days[0].day })
}
