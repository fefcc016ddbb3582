package reconcile

import "billwalk/schema"

// OneGroup, ReconcileAny and AgreesAny are the two ways of Reconcile and Agrees.
func (r *Rules) OneGroup(day schema.Day, o *Order) (Outcome, bool) { return r.oneGroup(day, o) }

func (r *Rules) ReconcileAny(day schema.Day, o *Order) (Outcome, error) { return r.reconcile(day, o) }

func (r *Rules) AgreesAny(day schema.Day, o *Order) (bool, error) { return r.agrees(day, o) }
