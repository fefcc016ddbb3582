package reconcile

import (
	"fmt"
	"slices"

	"billwalk/schema"
)

// Rules are what a job says of reconciliation.
type Rules struct {
	Match      []schema.Match // from a bill to its settlements; columns are ids of Bill
	Lookback   int            // days before and after a day that belong to its window
	Tolerance  schema.Fen     // how much a leg may differ, either way; not negative
	Configured bool           // there is a trade app to ask
}

// Order is one order with all that is known of it over the window.
type Order struct {
	Key         string
	Bills       []Bill                // forward bills of the key, of all days in the window and all accounts
	Settlements []schema.Settlement   // that its questions found, or callbacks told; each settle_id once, or once per item
	Asked       bool                  // every question that should have been asked was answered
	Elsewhere   bool                  // a settlement of it that succeeded counts on a day before the day's window: it is not of Settlements
	Stands      map[string]schema.Day // by settle_id: where a settlement was published before; it stays there
	Built       map[schema.Day]bool   // the days that other settlements may be placed on; nil for all
}

// Outcome is what one day's part of an order comes to.
type Outcome struct {
	Groups      []schema.Reconciliation // of the day, by walk_account_id and group_key
	Settlements []Placed                // of the day, by settle_id and item
}

// Placed is a settlement on its bill_date.
type Placed struct {
	Account    schema.AccountID // the first of the order's accounts on that day: it decides the bucket
	Settlement schema.Settlement
}

// Order gives the verdicts on the order's groups of the day, and the settlements
// whose bill_date the day is. Bills outside the day's window do not count. It
// returns ErrOverflow, naming the order or group, where a sum would leave int64.
func (r *Rules) Order(day schema.Day, o *Order) (Outcome, error) {
	w := r.window(day, o)
	if !slices.Contains(w.days, day) {
		return Outcome{}, nil
	}
	inapplicable := w.inapplicable(day)
	var all rest
	if inapplicable == "" {
		err := w.match()
		if err == nil {
			all, err = w.rest()
		}
		if err != nil {
			return Outcome{}, fmt.Errorf("order %s: %w", o.Key, err)
		}
	}
	var outcome Outcome
	for i := range w.groups {
		g := &w.groups[i]
		if g.day != day {
			continue
		}
		if inapplicable != "" {
			g.verdict, g.reasons = schema.NotApplicable, []string{inapplicable}
		} else if g.open() {
			g.judge(&all, o)
		} else {
			g.doubt()
		}
		if o.Elsewhere && g.verdict == schema.Mismatched {
			g.reasons = append(g.reasons, schema.ReasonElsewhere)
		}
		row, err := w.row(g)
		if err != nil {
			return Outcome{}, fmt.Errorf("group %s of account %s on %s: %w", row.GroupKey, g.account, day, err)
		}
		outcome.Groups = append(outcome.Groups, row)
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.group.day == day {
			outcome.Settlements = append(outcome.Settlements, Placed{outcome.Groups[0].WalkAccountID, *s.Settlement})
		}
	}
	return outcome, nil
}

// Agrees says that every group that the order has within the day's window is
// matched by the settlements that are known.
func (r *Rules) Agrees(day schema.Day, o *Order) (bool, error) {
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
			g.doubt()
		}
		if g.verdict != schema.Matched {
			return false, nil
		}
	}
	return true, nil
}

// inapplicable returns why the order's groups of the day take no part, or "".
func (w *window) inapplicable(day schema.Day) string {
	if !w.rules.Configured {
		return schema.ReasonNotConfigured
	}
	for _, g := range w.groups {
		if g.day == day && slices.ContainsFunc(g.bills, func(b bill) bool { return w.rules.asks(b.Bill) }) {
			return ""
		}
	}
	return schema.ReasonNoKey
}
