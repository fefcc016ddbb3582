package pipeline

import (
	"context"
	"errors"
	"fmt"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Here a day's orders are asked for, after what is known of them was loaded.

// settleDay stages the day's bills, and asks for their orders.
func (b *builder) settleDay(asking, hard context.Context, day schema.Day) error {
	var faults []error
	if err := b.assembleUnmatched(hard, day); err != nil {
		return err
	}
	for _, a := range b.of(day) {
		if err := a.build(hard, b.results); err != nil {
			b.Log.Error("not built", "bill_date", day, "bucket", a.base.Bucket, "error", err)
			faults = append(faults, fmt.Errorf("day %s, bucket %d is not published: %w", day, a.base.Bucket, err))
		}
		for _, e := range a.m.Units {
			// A unit may turn out damaged only when the archive is read again.
			u := schema.Unit{Account: e.Account, Day: day}
			if was, ok := b.results[u]; ok && e.State == schema.Failed && was.Failure == nil {
				b.results[u] = walk.Outcome{Unit: u, Failure: e.Failure}
			}
		}
	}
	b.evidence.ForgetBills(day) // what was published of it is not what is staged
	if b.Settle.Trade != nil {
		if err := b.ask(asking, hard, day); err != nil {
			faults = append(faults, fmt.Errorf("settlements of %s: %w", day, err))
		}
	}
	return errors.Join(faults...)
}

// lastLook returns the day that a nightly run looks at for the last time, before its
// lookback is over; a run of given days has none.
func (r *Run) lastLook() schema.Null[schema.Day] {
	return schema.Null[schema.Day]{V: r.From - schema.Day(r.Lookback), Valid: r.Lookback > 0}
}

// ask asks the trade system for the day's orders.
func (b *builder) ask(asking, hard context.Context, day schema.Day) error {
	if err := b.evidence.LoadAnswers(hard, day); err != nil {
		return err
	}
	var partitions []settle.Partition
	var units []settle.Unit
	entries := make(map[schema.AccountID]*schema.Entry)
	for _, a := range b.of(day) {
		if a.stage == nil {
			continue
		}
		partitions = append(partitions, settle.Partition{At: a.at(), Bills: a.stage.Bills})
		for _, account := range b.Accounts { // another job asks for its own
			if e := a.m.Entry(account.ID); e != nil {
				entries[account.ID] = e
				units = append(units, settle.Unit{Account: e.Account, Certificate: e.Certificate, Uses: b.plan.Rules[account.ID]})
			}
		}
	}
	outcomes, saved, err := b.settler.Day(asking, hard, day, partitions, units)
	for id, done := range outcomes {
		entries[id].Orders, b.plan.Rules[id] = done.Orders, done.Uses
		if day < b.From {
			done.Lookback.Orders, done.Lookback.Asked = done.Orders, done.Asked
		}
		b.summary.Settling.Add(done.Counts)
		if done.Failure != nil {
			b.tradeFailures = append(b.tradeFailures, *done.Failure)
		}
	}
	b.summary.Settling.Saved.Distinct += saved
	return err
}

// unmatched returns the day's unmatched settlements, once a run has queried those that
// are to be confirmed.
func (b *builder) unmatched(asking, hard context.Context, day schema.Day) ([]evidence.Unmatched, error) {
	unmatched, err := b.evidence.Unmatched(hard, day)
	if err != nil || len(unmatched) == 0 {
		return nil, err
	}
	if b.Settle.Trade != nil {
		counts, failure, err := b.settler.Confirm(asking, hard, day, unmatched)
		if err != nil {
			return nil, err
		}
		b.summary.Settling.Asked += counts.Asked
		b.summary.Settling.Add(settle.Counts{SettlementOnly: counts})
		if failure != nil {
			b.tradeFailures = append(b.tradeFailures, *failure)
		}
	}
	return b.evidence.JoinUnmatched(hard, day, unmatched)
}
