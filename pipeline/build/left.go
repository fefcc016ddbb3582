package build

import (
	"slices"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// countLeft counts the days that an order has left behind, in one partition only.
func (r *joinedRows) countLeft(o *knownOrder, placed []reconcile.Placed) {
	if !o.hasOtherDays(r.at.Day) || !r.holds(firstAccount(o.on(r.at.Day))) {
		return
	}
	if !r.first && !slices.ContainsFunc(placed, func(p reconcile.Placed) bool { return r.evidence.IsNew(&p.Settlement) }) {
		return
	}
	built, seen := r.evidence.BuiltDays(), make(map[schema.Day]bool)
	for i := range o.bills {
		if day := o.bills[i].Day; !built[day] && !seen[day] {
			seen[day] = true
			r.left[day]++
		}
	}
}
