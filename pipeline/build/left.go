package build

import (
	"billwalk/pipeline/reconcile"
)

// countLeft counts the days that an order has left behind, in one partition only.
func (r *joinedRows) countLeft(o *knownOrder, placed []reconcile.Placed) error {
	if !o.hasOtherDays(r.at.Day) || !r.holds(firstAccount(o.on(r.at.Day))) {
		return nil
	}
	isNew := r.first
	for i := 0; i < len(placed) && !isNew; i++ {
		var err error
		if isNew, err = r.evidence.IsNew(&placed[i].Settlement); err != nil {
			return err
		}
	}
	if !isNew {
		return nil
	}
	built := r.evidence.BuiltDays()
	for _, day := range reconcile.DaysOf(o.bills) {
		if !built[day] {
			r.left[day]++
		}
	}
	return nil
}
