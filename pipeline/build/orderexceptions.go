package build

import (
	"fmt"
	"slices"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// addForeign adds exceptions for settlements of other orders in the order's answers: in the
// partition under which an answer is filed.
func (r *joinedRows) addForeign(o *knownOrder) {
	var queried *reconcile.Bill // for the answer
	for i := range o.Foreign {
		f := &o.Foreign[i]
		if f.Answer.Day != r.at.Day || !r.holds(f.Answer.Account) {
			continue
		}
		if queried == nil || o.Foreign[i-1].Answer != f.Answer {
			queried = f.QueriedBill(o.bills)
		}
		r.exceptions = append(r.exceptions, f.ExceptionsFor(queried)...)
	}
}

// addElsewhere adds exceptions for the order's settlements that count on another day, in one
// partition only. They are errors where one has succeeded since that day was built. A later day is
// not named: this run may still have to publish it.
func (r *joinedRows) addElsewhere(o *knownOrder) {
	if len(o.Elsewhere)+len(o.Late) == 0 || !r.holds(firstAccount(o.on(r.at.Day))) {
		return
	}
	for _, s := range slices.Concat(o.Elsewhere, o.Late) {
		e := schema.Exception{
			Rule: schema.RuleSettleElsewhere, Severity: schema.RuleSettleElsewhere.Severity(), ShopOrderID: schema.Some(o.bills[0].OrderKey()), SettleID: schema.Some(s.SettleID),
			Actual: s.Amount, Detail: fmt.Sprintf("the settlement stands on %s, where the order has another bill, and counts there alone", s.Day),
		}
		if s.Day > r.at.Day {
			e.Detail = "the settlement stands on a later day, further away than the lookback, where the order has another bill, and counts there alone"
		}
		if s.SucceededSince() {
			e.Severity = schema.SeverityError
			e.Detail = fmt.Sprintf("the settlement has succeeded since %s was last looked at, where it stands: it counts once that day is run again (--from %s --to %s)", s.Day, s.Day, s.Day)
		}
		r.exceptions = append(r.exceptions, e)
	}
}

// addShared adds exceptions for settlements of the order that count for another one, in one
// partition only.
func (r *joinedRows) addShared(o *knownOrder) {
	if len(o.Shared) == 0 || !r.holds(firstAccount(o.on(r.at.Day))) {
		return
	}
	for i := range o.Shared {
		r.exceptions = append(r.exceptions, sharedException(&o.Shared[i].Settlement, o.bills[0].OrderKey(), o.Shared[i].Owner))
	}
}

func sharedException(s *schema.Settlement, order, owner string) schema.Exception {
	return schema.Exception{
		Rule: schema.RuleSettleShared, Severity: schema.RuleSettleShared.Severity(), ShopOrderID: schema.Some(order), SettleID: schema.Some(s.SettleID),
		Actual: s.Amount, Detail: "the settlement answers for order " + owner + ", too, and counts there",
	}
}
