package reconcile

import (
	"fmt"
	"slices"

	"billwalk/schema"
)

// Reconcile returns the order's groups of the day with their verdicts, and the
// settlements that count on the day. Bills outside the day's window do not count. If
// a sum overflows int64 the error is schema.ErrOverflow and names the order or group.
func (r *Rules) Reconcile(day schema.Day, o *Order) (outcome Outcome, err error) {
	err = r.ReconcileTo(&outcome, day, o)
	return outcome, err
}

// ReconcileTo is Reconcile into the memory of an outcome that is not used any more.
func (r *Rules) ReconcileTo(to *Outcome, day schema.Day, o *Order) error {
	*to = Outcome{to.Groups[:0], to.Settlements[:0]}
	if r.oneGroup(to, day, o) {
		return nil
	}
	return r.reconcile(to, day, o)
}

// reconcile is ReconcileTo for any order, to an empty outcome.
func (r *Rules) reconcile(outcome *Outcome, day schema.Day, o *Order) error {
	w := r.window(day, o)
	if !slices.Contains(w.days, day) {
		return nil
	}
	notApplicable := w.notApplicable(day)
	var open openSummary
	if notApplicable == "" {
		err := w.match()
		if err == nil {
			open, err = w.summarizeOpen(day)
		}
		if err != nil {
			return fmt.Errorf("order %s: %w", o.Key, err)
		}
	}
	for i := range w.groups {
		g := &w.groups[i]
		if g.day != day {
			continue
		}
		if notApplicable != "" {
			g.verdict, g.reasons = schema.NotApplicable, []string{notApplicable}
		} else if g.open() {
			g.judge(&open, o)
		} else {
			g.checkUnmatched()
		}
		if o.SettledElsewhere && g.verdict == schema.Mismatched {
			g.reasons = append(g.reasons, schema.ReasonElsewhere)
		}
		row, err := w.row(g)
		if err != nil {
			return fmt.Errorf("group %s of account %s on %s: %w", row.GroupKey, g.account, day, err)
		}
		outcome.Groups = append(outcome.Groups, row)
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.group.day == day {
			outcome.Settlements = append(outcome.Settlements, Placed{outcome.Groups[0].WalkAccountID, s.placed(s.group.account, w.groupKey(s.group))})
		}
	}
	return nil
}

// Agrees reports whether the order has groups in the day's window and all of them
// are matched. The error is as of Reconcile.
func (r *Rules) Agrees(day schema.Day, o *Order) (bool, error) {
	var outcome Outcome
	if r.oneGroup(&outcome, day, o) {
		return outcome.Groups[0].Verdict == schema.Matched, nil
	}
	return r.agrees(day, o)
}

// agrees is Agrees for any order.
func (r *Rules) agrees(day schema.Day, o *Order) (bool, error) {
	w := r.window(day, o)
	if len(w.groups) == 0 {
		return false, nil
	}
	if err := w.match(); err != nil {
		return false, fmt.Errorf("order %s: %w", o.Key, err)
	}
	for i := range w.groups {
		g := &w.groups[i]
		if !g.open() {
			g.checkUnmatched()
		}
		if g.verdict != schema.Matched {
			return false, nil
		}
	}
	return true, nil
}

// notApplicable returns the reason why the order's groups of the day are not
// compared, or "".
func (w *window) notApplicable(day schema.Day) string {
	if !w.rules.Configured {
		return schema.ReasonNotConfigured
	}
	for _, g := range w.groups {
		if g.day == day && slices.ContainsFunc(g.bills, func(b bill) bool { return w.rules.canQuery(b.Bill) }) {
			return ""
		}
	}
	return schema.ReasonNoKey
}
