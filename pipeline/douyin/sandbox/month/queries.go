package month

import (
	"maps"
	"slices"
)

// answeredNights returns the nights in which a query of the order by the parameter was
// answered.
func (p *Platform) answeredNights(o *order, parameter string) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.answered[o.key][parameter])
}

// QueriedOrders returns the shop_order_ids of the orders that were queried in a night.
func (p *Platform) QueriedOrders(night int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.queried[night]))
}

// RefusesQuery reports whether the night refuses a parameter by which the order can be
// queried.
func (p *Platform) RefusesQuery(night int, key string) bool {
	o, parameter := p.byKey[key], p.refusal(night).parameter
	return parameter == orderID || parameter == outOrderNo && o.ext != ""
}

// ForgetQueries deletes the record of answered queries, as for an empty lake.
func (p *Platform) ForgetQueries() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.answered)
	clear(p.queried)
}

// HasSeveralDays reports whether the order has bills on several days.
func (p *Platform) HasSeveralDays(key string) bool {
	days := p.byKey[key].bills
	return slices.ContainsFunc(days, func(b *bill) bool { return b.day != days[0].day })
}
