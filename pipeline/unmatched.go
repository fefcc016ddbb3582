package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// loadEvidence loads the callbacks of the run's days and their windows, and where
// settlements stand. Of callbacks that are damaged a run asks for the orders, and is
// incomplete.
func (b *builder) loadEvidence(ctx context.Context) error {
	damaged, err := b.evidence.LoadCallbacks(ctx)
	if err != nil {
		return fmt.Errorf("reading callbacks: %w", err)
	}
	days := slices.Sorted(slices.Values(b.plan.days()))
	if damaged != nil {
		b.tradeFailures = append(b.tradeFailures, schema.Failure{
			Day: days[0], Reach: schema.ReachUnit, Reason: "callbacks: " + damaged.Error(),
			Hint: "the orders are asked for; restore the objects to have what no bill explains, or move them away",
		})
	}
	b.summary.Callbacks = b.evidence.CallbackCounts()
	if b.evidence.CallbacksReceived() {
		if err := b.planUnmatched(ctx, days); err != nil {
			return fmt.Errorf("reading callbacks: %w", err)
		}
	}
	if !b.Rules.Configured || b.PublishedDays == nil {
		return nil
	}
	published, err := b.PublishedDays(ctx)
	if err != nil {
		return err
	}
	built := make(map[schema.Partition]time.Time)
	for _, base := range b.plan.Bases {
		if base.Manifest != nil {
			built[schema.Partition{Day: base.Day, Bucket: base.Bucket}] = base.Manifest.PublishedAt
		}
	}
	return b.evidence.LoadStandings(ctx, published, built)
}

// planUnmatched adds the partitions of unmatched settlements, where the job
// has no unit in them: also those that had some, which a later event may have moved.
func (b *builder) planUnmatched(ctx context.Context, days []schema.Day) error {
	bucket := schema.NoAccount.Bucket(b.Buckets)
	if slices.Contains(schema.BucketsOf(b.Accounts, b.Buckets), bucket) {
		return nil
	}
	for _, day := range days {
		base, err := b.Lake.Base(ctx, day, bucket)
		if err != nil {
			return err
		}
		had := base.Manifest != nil && base.Manifest.Verdicts[schema.SettlementOnly] > 0
		if !b.evidence.HasCallbacksOn(day) && !had {
			continue
		}
		b.plan.Bases = append(b.plan.Bases, base)
	}
	return nil
}

// assembleUnmatched begins the day's partition of unmatched settlements, where
// no unit has.
func (b *builder) assembleUnmatched(ctx context.Context, day schema.Day) error {
	bucket := schema.NoAccount.Bucket(b.Buckets)
	for _, base := range b.plan.Bases {
		at := schema.Partition{Day: base.Day, Bucket: base.Bucket}
		if base.Day != day || base.Bucket != bucket || b.assemblies[at] != nil {
			continue
		}
		a, err := b.assemble(ctx, base)
		if err != nil {
			return err
		}
		a.unitless = true
		b.assemblies[at] = a
	}
	return nil
}

// nothingToPublish says that there is nothing to publish in a partition of no unit.
func (a *assembly) nothingToPublish() bool {
	return a.unitless && a.base.Manifest == nil && a.m.Verdicts[schema.SettlementOnly] == 0
}

// addUnmatched hands over the settlements that belong to no bill: on their own day, in
// groups of no account.
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
				continue // a bill explains it after all, on a day that is far away
			}
			settlements = append(settlements, row.Settlement)
			if err := j.exceptions(row.Exceptions); err != nil {
				return err
			}
		}
		if err := j.exceptions(s.Foreign); err != nil {
			return err
		}
	}
	return j.unbilled(settlements, reconcile.Unmatched)
}

// unbilled hands over settlements without a bill, and the groups that they are judged
// to be.
func (j *joiner) unbilled(settlements []schema.Settlement, judge func(schema.Day, []schema.Settlement) ([]schema.Reconciliation, error)) error {
	slices.SortFunc(settlements, func(a, b schema.Settlement) int { return a.Key().Compare(b.Key()) })
	for i := range settlements {
		if err := j.settlement(&settlements[i]); err != nil {
			return err
		}
	}
	groups, err := judge(j.at.Day, settlements)
	if err != nil {
		return err
	}
	for i := range groups {
		if err := j.group(&groups[i]); err != nil {
			return err
		}
	}
	return nil
}
