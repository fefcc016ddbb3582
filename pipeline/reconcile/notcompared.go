package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"billwalk/schema"
)

// NotCompared returns the groups of the day's bills that Reconcile does not see: bills
// that are not forward, grouped by order if they have one, and bills without an order,
// grouped by their key. Other bills are ignored. The groups are sorted by
// walk_account_id and group_key. If a sum overflows int64 the error is
// schema.ErrOverflow and names the group.
func (r *Rules) NotCompared(bills []Bill) ([]schema.Reconciliation, error) {
	switch {
	case AllCompared(bills):
		return nil, nil
	case len(bills) == 1: // the usual refund
		var sums notComparedSums
		if err := sums.of(&bills[0]).add(&bills[0].Legs); err == nil {
			row := r.notComparedRow(&bills[0])
			sums.setTo(&row)
			return []schema.Reconciliation{row}, nil
		}
	}
	type groupID struct {
		account schema.AccountID
		key     string
	}
	sums := make(map[groupID]*notComparedSums)
	var rows []schema.Reconciliation
	for i := range bills {
		b := &bills[i]
		if b.isCompared() {
			continue
		}
		row := r.notComparedRow(b)
		id := groupID{row.WalkAccountID, row.GroupKey}
		if sums[id] == nil {
			sums[id] = new(notComparedSums)
			rows = append(rows, row)
		}
		if err := sums[id].of(b).add(&b.Legs); err != nil {
			return nil, fmt.Errorf("group %s of account %s on %s: %w", id.key, id.account, b.Day, err)
		}
	}
	for i := range rows {
		sums[groupID{rows[i].WalkAccountID, rows[i].GroupKey}].setTo(&rows[i])
	}
	slices.SortFunc(rows, func(a, b schema.Reconciliation) int {
		return cmp.Or(cmp.Compare(a.WalkAccountID, b.WalkAccountID), cmp.Compare(a.GroupKey, b.GroupKey))
	})
	return rows, nil
}

// notComparedSums are the amounts of the bills of a group that is not compared.
type notComparedSums struct{ forward, refund, other tally }

// of returns the sum to which the bill belongs.
func (s *notComparedSums) of(b *Bill) *tally {
	switch b.SettleType {
	case ForwardType:
		return &s.forward
	case RefundType:
		return &s.refund
	}
	return &s.other
}

// setTo sets the row's bills and amounts.
func (s *notComparedSums) setTo(row *schema.Reconciliation) {
	row.BillRows = s.forward.rows + s.refund.rows + s.other.rows
	row.Billed, row.Refund, row.Other = s.forward.sum, s.refund.sum[schema.LegTotal], s.other.sum[schema.LegTotal]
}

// isCompared reports whether Reconcile compares the bill: it is forward, and of an order.
func (b *Bill) isCompared() bool { return b.Forward() && (b.ShopOrderID != "" || b.OrderExtID != "") }

// AllCompared reports whether Reconcile compares all of the bills.
func AllCompared(bills []Bill) bool {
	for i := range bills {
		if !bills[i].isCompared() {
			return false
		}
	}
	return true
}

// notComparedRow returns the row of a bill that is not compared, without sums.
func (r *Rules) notComparedRow(b *Bill) schema.Reconciliation {
	row := schema.Reconciliation{
		WalkAccountID: b.Account, GroupKey: b.singleKey(), ShopOrderID: nullID(b.ShopOrderID), Verdict: schema.NotApplicable,
	}
	switch order := b.OrderKey(); {
	case !b.Forward() && order != "":
		row.GroupKey, row.Reasons = order+schema.NonForwardSuffix, []string{schema.ReasonNonForward}
	case !b.Forward():
		row.Reasons = []string{schema.ReasonNonForward}
	case r.Configured:
		row.Reasons = []string{schema.ReasonNoKey}
	default:
		row.Reasons = []string{schema.ReasonNotConfigured}
	}
	return row
}
