package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"billwalk/schema"
)

// Apart returns the groups of a day's bills that take no part in any
// comparison: those that are not forward, by order if they have one, and those
// that have none, by key. Other bills are left to Order. The groups are by
// walk_account_id and group_key. It returns ErrOverflow, naming the group,
// where a sum would leave int64.
func (r *Rules) Apart(bills []Bill) ([]schema.Reconciliation, error) {
	type place struct {
		account schema.AccountID
		key     string
	}
	sums := make(map[place]*tally)
	var rows []schema.Reconciliation
	for i := range bills {
		b := &bills[i]
		if b.takesPart() {
			continue
		}
		row := r.apart(b)
		at := place{row.WalkAccountID, row.GroupKey}
		if sums[at] == nil {
			sums[at] = new(tally)
			rows = append(rows, row)
		}
		if err := sums[at].add(&b.Legs); err != nil {
			return nil, fmt.Errorf("group %s of account %s on %s: %w", at.key, at.account, b.Day, err)
		}
	}
	for i := range rows {
		row := &rows[i]
		sum := sums[place{row.WalkAccountID, row.GroupKey}]
		row.BillRows = sum.rows
		if row.Reasons[0] == schema.ReasonNonForward {
			row.Refund = sum.sum[schema.LegTotal]
		} else {
			row.Billed = sum.sum
		}
	}
	slices.SortFunc(rows, func(a, b schema.Reconciliation) int {
		return cmp.Or(cmp.Compare(a.WalkAccountID, b.WalkAccountID), cmp.Compare(a.GroupKey, b.GroupKey))
	})
	return rows, nil
}

// takesPart says that the bill is of an order's comparison.
func (b *Bill) takesPart() bool { return b.Forward() && b.Order() != "" }

// apart returns the row, without sums, of a bill that takes no part.
func (r *Rules) apart(b *Bill) schema.Reconciliation {
	row := schema.Reconciliation{
		WalkAccountID: b.Account, GroupKey: b.single(), ShopOrderID: nullID(b.ShopOrderID), Verdict: schema.NotApplicable,
	}
	switch order := b.Order(); {
	case !b.Forward() && order != "":
		row.GroupKey, row.Reasons = order+"#non-forward", []string{schema.ReasonNonForward}
	case !b.Forward():
		row.Reasons = []string{schema.ReasonNonForward}
	case r.Configured:
		row.Reasons = []string{schema.ReasonNoKey}
	default:
		row.Reasons = []string{schema.ReasonNotConfigured}
	}
	return row
}
