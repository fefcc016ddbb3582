package settle

import (
	"bytes"
	"context"
	"errors"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

// result is what came of querying one order.
type result struct {
	answers []normalise.SettlementsAnswer
	tried   []int // queries, by their place in the order
	omitted int   // queries left out, as their rules are silent
	found   bool  // the last answer has settlements
	err     error // a query's
	unkept  error // the archive's
}

// query makes the queries of an order in sequence, until one is answered with settlements.
func (p *pass) query(ctx context.Context, o *order, sequence []int) (r result) {
	for _, i := range sequence {
		if _, halted := p.Halt.Failure(p.unit); halted {
			r.err = stop.ErrStopped
			return r
		}
		answer, err := p.Trade.Settlements(ctx, o.queries[i])
		r.tried = append(r.tried, i)
		if err != nil {
			r.err = p.recordFailure(ctx, err)
			return r
		}
		answer.Account, answer.Day = p.unit.Account.ID, p.unit.Day
		answer.Body = bytes.TrimSpace(answer.Body) // white space around it is no part of a JSON value
		r.answers = append(r.answers, answer)
		if r.found = evidence.HasOwnSettlement(&answer); r.found {
			return r
		}
	}
	return r
}

// recordFailure halts other queries at once, if the failure ends them, too.
func (p *pass) recordFailure(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		p.Halt.Record(schema.FailureOf(err, p.unit))
	}
	return err
}

// take counts the result of an order, and which rules answered.
func (p *pass) take(ctx context.Context, o *order, r *result) error {
	p.Asked += int64(len(r.tried))
	if r.err != nil {
		if p.Failure == nil && !errors.Is(r.err, stop.ErrStopped) && ctx.Err() == nil {
			p.keepFailure(ctx, o, r.err)
		}
		return nil
	}
	if r.unkept != nil {
		return r.unkept
	}
	p.Answered++
	p.learn(o, r)
	return nil
}

// keepFailure keeps why an order has no answer, and logs it.
func (p *pass) keepFailure(ctx context.Context, o *order, err error) {
	keeper := unreadable.Keeper{Archive: p.Archive, RunID: p.RunID, Log: p.Log}
	failure := keeper.Keep(ctx, p.unit, schema.UnreadableSettlements, p.Now(), err)
	p.Failure = &failure
	if failure.Reach == schema.ReachApp || failure.Reach == schema.ReachToday {
		return // logged already
	}
	id := "shop_order_id"
	if p.confirms {
		id = "settle_id"
	}
	p.Log.Warn("an order was not answered", "account_id", p.unit.Account.ID, "account_name", p.unit.Account.Name, "bill_date", p.unit.Day, id, o.key,
		"error_code", failure.Code, "sub_code", failure.SubCode, "logid", failure.LogID, "reason", failure.Reason)
}
