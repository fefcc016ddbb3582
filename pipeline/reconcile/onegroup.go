package reconcile

import (
	"slices"
	"strings"

	"billwalk/schema"
)

// oneGroup adds the outcome of the usual order: its bills are one group, which has no
// settlement, or some that succeeded and agree. It reports false for all others, and where
// something is wrong. A test holds it equal to what the window of the order gives.
func (r *Rules) oneGroup(outcome *Outcome, day schema.Day, o *Order) bool {
	if len(o.Bills) == 0 || o.SettledElsewhere || r.Lookback < 0 {
		return false
	}
	item := "" // of all settlements, and then of all bills
	if len(o.Settlements) > 0 {
		item = id(o.Settlements[0].ItemOrderID)
	}
	first, canQuery := &o.Bills[0], false
	var sums sums
	for i := range o.Bills {
		b := &o.Bills[i]
		if b.Day != day || b.Account != first.Account || b.ShopOrderID != first.ShopOrderID || item != "" && b.ItemOrderID != item || sums.billed.add(&b.Legs) != nil {
			return false
		}
		canQuery = canQuery || r.Configured && r.canQuery(b)
	}
	if r.Configured && !canQuery {
		return false
	}
	row := schema.Reconciliation{
		WalkAccountID: first.Account, GroupKey: o.Key, ShopOrderID: nullID(first.ShopOrderID), BillRows: sums.billed.rows, Billed: sums.billed.sum,
	}
	switch {
	case len(o.Settlements) > 0:
		if !r.Configured || !r.matchAll(&row, &sums, o.Settlements, item) {
			return false
		}
		outcome.place(&row, o.Settlements)
	case !r.Configured:
		row.Verdict, row.Reasons = schema.NotApplicable, notConfigured
	case o.Answered:
		row.Verdict = schema.BillOnly
	default:
		row.Verdict, row.Reasons = schema.Pending, notAsked
	}
	outcome.Groups = append(outcome.Groups, row)
	return true
}

// The reasons of many rows. They are not to be changed.
var (
	notConfigured = []string{schema.ReasonNotConfigured}
	notAsked      = []string{schema.ReasonNotAsked}
)

// matchAll completes the row of a group if all its settlements succeeded, are of the item, and
// agree.
func (r *Rules) matchAll(row *schema.Reconciliation, sums *sums, settlements []schema.Settlement, item string) bool {
	for i := range settlements {
		if settlements[i].Status != schema.StatusSuccess || id(settlements[i].ItemOrderID) != item {
			return false
		}
		one := newSettlement(&settlements[i])
		if sums.settled.addSettlement(&one) != nil {
			return false
		}
		addSettlement(row, &one)
	}
	c, err := r.compare(&sums.billed, &sums.settled)
	if err != nil || !c.agrees() {
		return false
	}
	row.Verdict, row.MatchedBy, row.Reasons = schema.Matched, schema.Some(schema.ByOrder), c.reasons
	if item != "" {
		row.GroupKey, row.ItemOrderID, row.MatchedBy = row.GroupKey+"/"+item, schema.Some(item), schema.Some(schema.ByItem)
	}
	row.Settled = sums.settled.sum
	row.Diff, err = sums.differences()
	return err == nil
}

// place adds the settlements of an item, or of none, to those of the row's group.
func (o *Outcome) place(row *schema.Reconciliation, settlements []schema.Settlement) {
	from := len(o.Settlements)
	for i := range settlements {
		o.Settlements = append(o.Settlements, Placed{row.WalkAccountID, settlements[i]})
		s := &o.Settlements[from+i].Settlement
		s.WalkAccountID, s.GroupKey = schema.Some(row.WalkAccountID), schema.Some(row.GroupKey)
	}
	if len(settlements) > 1 {
		slices.SortFunc(o.Settlements[from:], func(a, b Placed) int { return strings.Compare(a.Settlement.SettleID, b.Settlement.SettleID) })
	}
}
