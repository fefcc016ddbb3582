package reconcile

import "billwalk/schema"

// oneGroup adds the outcome of the usual order: its bills are one group, which has no
// settlement, or one that succeeded and agrees. It reports false for all others, and where
// something is wrong. A test holds it equal to what the window of the order gives.
func (r *Rules) oneGroup(outcome *Outcome, day schema.Day, o *Order) bool {
	if len(o.Bills) == 0 || len(o.Settlements) > 1 || o.SettledElsewhere || r.Lookback < 0 {
		return false
	}
	first, canQuery := &o.Bills[0], false
	var sums sums
	for i := range o.Bills {
		b := &o.Bills[i]
		if b.Day != day || b.Account != first.Account || b.ShopOrderID != first.ShopOrderID || sums.billed.add(&b.Legs) != nil {
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
	case len(o.Settlements) == 1:
		if !r.Configured || !r.matchOne(&row, &sums, &o.Settlements[0]) {
			return false
		}
		one := newSettlement(&o.Settlements[0])
		outcome.Settlements = append(outcome.Settlements, Placed{first.Account, one.placed(first.Account, o.Key)})
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

// matchOne completes the row of a group if its only settlement succeeded and agrees.
func (r *Rules) matchOne(row *schema.Reconciliation, sums *sums, s *schema.Settlement) bool {
	if s.Status != schema.StatusSuccess || id(s.ItemOrderID) != "" {
		return false
	}
	one := newSettlement(s)
	if sums.settled.addSettlement(&one) != nil {
		return false
	}
	c, err := r.compare(&sums.billed, &sums.settled)
	if err != nil || !c.agrees() {
		return false
	}
	row.Verdict, row.MatchedBy, row.Reasons = schema.Matched, schema.Some(schema.ByOrder), c.reasons
	addSettlement(row, &one)
	row.Settled = sums.settled.sum
	row.Diff, err = sums.differences()
	return err == nil
}
