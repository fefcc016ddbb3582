package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"billwalk/pipeline/evidence"
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
	if b.Trade != nil {
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
	orders, units := make(map[string]wanted), make(map[schema.AccountID]*schema.Entry)
	var forward int64
	for _, a := range b.of(day) {
		if a.stage == nil {
			continue
		}
		for _, account := range b.Accounts { // another job asks for its own
			if e := a.m.Entry(account.ID); e != nil {
				units[account.ID] = e
			}
		}
		note, err := b.survey(hard, a.at())
		if err != nil {
			return err
		}
		n, err := ordersOf(evidence.ByOrder(a.stage.Bills, &b.Rules, day), &b.Rules, orders, note)
		if err != nil {
			return err
		}
		forward += n
	}
	s := b.settler()
	results, err := s.day(asking, hard, day, slices.Collect(maps.Values(orders)), units, b.plan.Rules)
	for id, done := range results {
		e := units[id]
		e.Orders, b.plan.Rules[id] = done.Orders, done.uses
		if day < b.From {
			done.Lookback.Orders, done.Lookback.Asked = done.Orders, done.Asked
		}
		b.summary.Settling.add(done.Settling)
		if done.failure != nil {
			b.tradeFailures = append(b.tradeFailures, *done.failure)
		}
	}
	b.summary.Settling.Saved.Distinct += forward - int64(len(orders))
	return err
}
