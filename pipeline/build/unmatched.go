package build

import (
	"context"
	"slices"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// HoldsUnmatched reports whether the day's unmatched settlements belong to the partition.
func (p *Partition) HoldsUnmatched() bool {
	return p.builder.Rules.Configured && p.base.Bucket == schema.NoAccount.Bucket(p.builder.Buckets)
}

// AddUnmatched adds the settlements that belong to no bill: on their own day, in groups of
// no account.
func (p *Partition) AddUnmatched(ctx context.Context, unmatched []evidence.Unmatched) error {
	rows := p.joiner.newRows()
	if err := rows.addUnmatched(ctx, unmatched); err != nil {
		return err
	}
	return p.joiner.add(rows)
}

func (r *joinedRows) addUnmatched(ctx context.Context, unmatched []evidence.Unmatched) error {
	var settlements []schema.Settlement
	for _, one := range unmatched {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := r.evidence.ReadUnmatched(r.at.Day, one)
		if err != nil {
			return err
		}
		for _, row := range s.Rows() {
			elsewhere, err := r.evidence.StandsElsewhere(row.Settlement.SettleID, r.at.Day)
			if err != nil {
				return err
			}
			if elsewhere {
				continue // it belongs to a bill after all, on a day that is far away
			}
			settlements = append(settlements, row.Settlement)
			r.exceptions = append(r.exceptions, row.Exceptions...)
		}
		r.exceptions = append(r.exceptions, s.Foreign...)
	}
	return r.addWithoutBills(settlements, reconcile.Unmatched)
}

// addWithoutBills adds settlements without a bill, and their groups.
func (r *joinedRows) addWithoutBills(settlements []schema.Settlement, groupsOf func(schema.Day, []schema.Settlement) ([]schema.Reconciliation, error)) error {
	slices.SortFunc(settlements, func(a, b schema.Settlement) int { return a.Key().Compare(b.Key()) })
	groups, err := groupsOf(r.at.Day, settlements)
	if err != nil {
		return err
	}
	for i := range settlements {
		r.addSettlement(&settlements[i])
	}
	return r.addGroups(groups)
}
