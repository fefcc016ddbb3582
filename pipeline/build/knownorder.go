package build

import (
	"slices"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// knownOrder is an order with all that is known of it.
type knownOrder struct {
	own   []reconcile.Bill // the partition's
	bills []reconcile.Bill // forward ones, of the whole window
	*evidence.Order
	answered bool // every rule that applies was queried
}

// nothingKnown is what is known of orders that are not looked for.
var nothingKnown = new(evidence.Order)

// readOrder reads what is known of an order, of which these are the partition's bills.
func (r *joinedRows) readOrder(own []reconcile.Bill) (o knownOrder, err error) {
	o = knownOrder{own: own, bills: own, Order: nothingKnown}
	if !reconcile.AllCompared(own) {
		o.bills = nil
		for _, b := range own {
			if b.Forward() && b.OrderKey() != "" {
				o.bills = append(o.bills, b)
			}
		}
	}
	if len(o.bills) == 0 || !r.rules.Configured {
		return o, nil
	}
	if others := r.elsewhere[o.bills[0].OrderKey()]; len(others) > 0 {
		o.bills = slices.Concat(o.bills, others)
	}
	if o.Order, err = r.known.Read(r.at.Day, o.bills); err != nil {
		return o, err
	}
	o.answered = r.answered(&o)
	if !o.hasOtherDays(r.at.Day) {
		r.evidence.MarkLinked(o.Order)
	}
	return o, nil
}

// answered reports whether every rule that applies to the order's bills of the day was
// queried, since these bills are there. An earlier day's answer may be from before them.
func (r *joinedRows) answered(o *knownOrder) bool {
	if len(o.Elsewhere)+len(o.Shared) > 0 {
		return true // with settlements that do not count here
	}
	own := o.on(r.at.Day)
	c := r.certificates[firstAccount(own)]
	r.queries = r.rules.AppendQueries(r.queries[:0], own)
	for _, q := range r.queries {
		i := slices.IndexFunc(o.Answers, func(a evidence.QueryAnswer) bool { return a.Parameter == q.Parameter && a.Value == q.Value })
		if i < 0 || o.Answers[i].Day < r.at.Day && (c == nil || o.Answers[i].Fetched < c.FinishedAt.UnixMicro()) {
			return false
		}
	}
	return true
}

// hasOtherDays reports whether the order has bills of other days.
func (o *knownOrder) hasOtherDays(day schema.Day) bool {
	return reconcile.HasOtherDays(o.bills, day)
}

// on returns the order's bills of a day.
func (o *knownOrder) on(day schema.Day) (bills []reconcile.Bill) {
	if !o.hasOtherDays(day) {
		return o.bills
	}
	for _, b := range o.bills {
		if b.Day == day {
			bills = append(bills, b)
		}
	}
	return bills
}

func firstAccount(bills []reconcile.Bill) schema.AccountID {
	first := bills[0].Account
	for i := range bills {
		first = min(first, bills[i].Account)
	}
	return first
}
