package build

import (
	"slices"

	"billwalk/pipeline/reconcile"
)

// countLeft counts the days that an order has left behind, in one partition only.
func (r *joinedRows) countLeft(o *knownOrder, placed []reconcile.Placed) {
	if !o.hasOtherDays(r.at.Day) || !r.holds(firstAccount(o.on(r.at.Day))) {
		return
	}
	if !r.first && !slices.ContainsFunc(placed, func(p reconcile.Placed) bool { return r.evidence.IsNew(&p.Settlement) }) {
		return
	}
	built := r.evidence.BuiltDays()
	for _, day := range reconcile.DaysOf(o.bills) {
		if !built[day] {
			r.left[day]++
		}
	}
}
