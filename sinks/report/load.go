package report

import (
	"context"
	"fmt"

	"billwalk/schema"
)

// Load reads the report of what is published. It takes memory for the open orders, and for a
// few bytes of each other order. An amount whose sum overflows is schema.ErrOverflow.
func Load(ctx context.Context, lake Lake, o Options) (*Report, error) {
	l := newLoader(lake, o)
	if l.MaxOrders == 0 {
		l.MaxOrders = MaxOrders
	}
	if l.MaxDrills == 0 {
		l.MaxDrills = MaxDrills
	}
	tables := newTables()
	r := &Report{Job: o.Job, From: o.From, To: o.To, MadeAt: o.MadeAt, Billwalk: o.Billwalk, Lake: o.LakeURL, ReplyBy: schema.DayOf(o.MadeAt) + replyDays}
	if err := l.readBases(ctx); err != nil {
		return nil, err
	}
	closings, err := lake.Closings(ctx)
	if err != nil {
		return nil, err
	}
	l.closings = schema.LatestClosings(closings, o.Job)
	if err := inOrder(ctx, l.parts, l.readPart, tables.add); err != nil {
		return nil, err
	}
	if err := l.fillDoubts(ctx, r, tables); err != nil {
		return nil, err
	}
	if err := l.fillUnits(r, tables); err != nil {
		return nil, fmt.Errorf("sums of %s to %s: %w", o.From, o.To, err)
	}
	r.Waterfall, r.Stores, r.AllStores = tables.fall.waterfall(), l.rates(tables.stores), allStores(&tables.adder, tables.stores)
	if tables.err != nil {
		return nil, fmt.Errorf("rates of %s to %s: %w", o.From, o.To, tables.err)
	}
	if err := l.nameStores(ctx, r.Stores); err != nil {
		return nil, err
	}
	if r.Withdrawals, err = l.withdrawals(ctx); err != nil {
		return nil, fmt.Errorf("withdrawals of %s to %s: %w", o.From, o.To, err)
	}
	r.Exceptions, r.Restatements = tables.exceptions.counts(), tables.restatements.days()
	r.Closed = l.closedDays(tables.afterClosing)
	if r.Refunds, err = l.refundsOf(ctx, tables.refunds); err != nil {
		return nil, err
	}
	if err := l.fillOrders(ctx, r, tables.orders); err != nil {
		return nil, err
	}
	r.Close = l.closing(r, tables)
	r.Glossary = glossary(r)
	return r, nil
}
