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
	return p.joiner.addUnmatched(ctx, unmatched)
}

func (j *joiner) addUnmatched(ctx context.Context, unmatched []evidence.Unmatched) error {
	var settlements []schema.Settlement
	for _, one := range unmatched {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := j.evidence.ReadUnmatched(j.at.Day, one)
		if err != nil {
			return err
		}
		for _, row := range s.Rows() {
			if j.evidence.StandsElsewhere(row.Settlement.SettleID, j.at.Day) {
				continue // it belongs to a bill after all, on a day that is far away
			}
			settlements = append(settlements, row.Settlement)
			if err := j.addExceptions(row.Exceptions); err != nil {
				return err
			}
		}
		if err := j.addExceptions(s.Foreign); err != nil {
			return err
		}
	}
	return j.addWithoutBills(settlements, reconcile.Unmatched)
}

// addWithoutBills adds settlements without a bill, and their groups.
func (j *joiner) addWithoutBills(settlements []schema.Settlement, groupsOf func(schema.Day, []schema.Settlement) ([]schema.Reconciliation, error)) error {
	slices.SortFunc(settlements, func(a, b schema.Settlement) int { return a.Key().Compare(b.Key()) })
	for i := range settlements {
		if err := j.addSettlement(&settlements[i]); err != nil {
			return err
		}
	}
	groups, err := groupsOf(j.at.Day, settlements)
	if err != nil {
		return err
	}
	return j.addGroups(groups)
}
