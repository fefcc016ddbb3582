package pipeline

import (
	"context"
	"errors"
	"fmt"

	"billwalk/pipeline/build"
	"billwalk/pipeline/settle"
	"billwalk/pipeline/spans"
	"billwalk/schema"
)

// askAgain queries the orders that are due by what all shards know of them. Which those are was
// not known when each shard queried its own.
func (t *steps) askAgain(ctx, calling, lasting context.Context) error {
	n := t.neighbours
	if len(n.read) == 0 || t.run.Settle.Trade == nil {
		n.pass(lasting, asked)
		return nil
	}
	t.settler.Again = true
	for _, day := range t.plan.days() {
		if err := t.queryOrders(calling, lasting, day); err != nil {
			return err
		}
	}
	n.pass(lasting, asked)
	n.await(ctx, asked)
	return n.evidence.Reload()
}

// settleDay stages the day's bills, and queries their orders.
func (t *steps) settleDay(calling, lasting context.Context, day schema.Day) (err error) {
	calling, end := spans.Start(calling, "settle", "bill_date", day.String())
	defer func() { end(err) }()
	var faults []error
	if err := t.neighbours.stage(lasting, day); err != nil {
		return err
	}
	if err := t.builder.OpenUnmatched(lasting, day); err != nil {
		return err
	}
	for _, p := range t.builder.Partitions(day) {
		if err := p.Stage(lasting); err != nil {
			t.run.Log.Error("not built", "bill_date", day, "bucket", p.At().Bucket, "error", err)
			faults = append(faults, notPublished(p, err))
		}
	}
	t.evidence.ForgetBills(day) // those that were published: others are staged
	if t.run.Settle.Trade != nil {
		if err := t.queryOrders(calling, lasting, day); err != nil {
			faults = append(faults, fmt.Errorf("settlements of %s: %w", day, err))
		}
	}
	return errors.Join(faults...)
}

func notPublished(p *build.Partition, err error) error {
	return fmt.Errorf("day %s, bucket %d is not published: %w", p.At().Day, p.At().Bucket, err)
}

// queryOrders queries the day's orders, those of the job's own accounts.
func (t *steps) queryOrders(calling, lasting context.Context, day schema.Day) error {
	if err := t.evidence.LoadAnswers(lasting, day); err != nil {
		return err
	}
	var partitions []settle.Partition
	var units []settle.Unit
	entries := make(map[schema.AccountID]*schema.Entry)
	for _, p := range t.builder.Partitions(day) {
		if !p.Staged() {
			continue
		}
		partitions = append(partitions, settle.Partition{At: p.At(), Orders: p.Orders()})
		for _, account := range t.run.Accounts {
			if e := p.Entry(account.ID); e != nil {
				entries[account.ID] = e
				if e.State == schema.Complete && !t.settler.Again {
					t.run.Progress.SettleBills(e.Certificate.Bills)
				}
				units = append(units, settle.Unit{Account: e.Account, Certificate: e.Certificate, Uses: t.plan.Rules[account.ID]})
			}
		}
	}
	outcomes, saved, err := t.settler.Day(calling, lasting, day, partitions, units)
	for id, o := range outcomes {
		entries[id].Orders, t.plan.Rules[id] = o.Orders, o.Uses
		if day < t.run.From {
			o.Lookback.Orders, o.Lookback.Asked = o.Orders, o.Asked
		}
		if t.settler.Again {
			o.Counts = o.Counts.Queried()
		}
		t.summary.Settling.Add(o.Counts)
		if o.Failure != nil {
			t.failures = append(t.failures, *o.Failure)
		}
	}
	if !t.settler.Again {
		t.summary.Settling.Saved.Distinct += saved
	}
	return err
}
