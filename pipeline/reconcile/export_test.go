package reconcile

import "billwalk/schema"

// OneGroup, ReconcileAny and AgreesAny are the two ways of Reconcile and Agrees.
func (r *Rules) OneGroup(day schema.Day, o *Order) (outcome Outcome, ok bool) {
	ok = r.oneGroup(&outcome, day, o)
	return outcome, ok
}

func (r *Rules) ReconcileAny(day schema.Day, o *Order) (outcome Outcome, err error) {
	err = r.reconcile(&outcome, day, o)
	return outcome, err
}

func (r *Rules) AgreesAny(day schema.Day, o *Order) (bool, error) { return r.agrees(day, o) }
