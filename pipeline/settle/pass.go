package settle

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

const ordersAtATime = 64 // of one unit, a chunk; after them it is known better which rule answers

// pass is one pass over the orders of a unit.
type pass struct {
	*Settler
	Outcome
	unit        schema.Unit
	name        string
	confirms    bool // it queries settlements of callbacks, and not orders
	slots       slots
	running     []*running // queries of orders; those that failed are repeated while others run
	lastPassEnd int64      // unix microseconds: the end of the last pass, if its run ended well
	batch       batch
	begun       int // orders
	chunks      int // likewise
}

// run queries the orders that are due, and certifies the pass if all have an answer. The
// orders come by key, and are read twice.
func (p *pass) run(ctx, lasting context.Context, orders iter.Seq2[order, error], c *schema.Certificate) error {
	if err := p.findLastPass(lasting); err != nil {
		return err
	}
	isDue, due, err := p.findDue(orders)
	if err != nil {
		return err
	}
	p.Progress.ExpectOrders(due)
	calls, cancel := stop.Outlast(ctx, stop.Grace) // a call may wait for an outage to end, but not for ever
	defer p.abandon(cancel)
	err = p.queryAll(ctx, calls, lasting, only(orders, isDue))
	if again := p.unansweredOrders(); err == nil && p.Answered == int64(due) && len(again) > 0 {
		p.Progress.ExpectOrders(len(again))
		p.Orders, due = p.Orders+int64(len(again)), due+len(again)
		err = p.queryAll(ctx, calls, lasting, each(again))
	}
	if err != nil {
		return err
	}
	if p.Unanswered = int64(due) - p.Answered; p.Unanswered > 0 {
		p.setFailure(ctx)
		return nil
	}
	return p.certify(lasting, c)
}

// certify makes durable that all orders of the certificate's bills have an answer.
func (p *pass) certify(ctx context.Context, c *schema.Certificate) error {
	if c == nil || p.batch.stored == 0 && p.Evidence.PassCovers(c) {
		return nil
	}
	done := schema.SettlePass{
		Account: p.unit.Account, Day: p.unit.Day, Pass: p.name, Bills: c.Digest, Orders: int(p.Orders), Asked: p.Asked, FinishedAt: p.Now().UTC(), RunID: p.RunID,
	}
	if err := p.Archive.CertifySettlements(ctx, &done); err != nil {
		return err
	}
	p.Evidence.AddPass(done)
	return nil
}

// unansweredOrders returns, as orders of their own, the queries of the unit to which the
// archive has no valid answer although it looks so.
func (p *pass) unansweredOrders() (orders []order) {
	for _, q := range p.Evidence.Unanswered(p.unit) {
		orders = append(orders, order{key: q.Value, account: p.unit.Account.ID, queries: []schema.Query{q}, unanswered: true})
	}
	return orders
}

// findDue decides which orders are queried, and returns how many they are.
func (p *pass) findDue(orders iter.Seq2[order, error]) (isDue []bool, due int, err error) {
	for o, err := range orders {
		if err != nil {
			return nil, 0, err
		}
		isDue = append(isDue, p.due(&o))
		if isDue[len(isDue)-1] {
			due++
		}
	}
	return isDue, due, nil
}

// queryAll queries the orders, chunk by chunk, until ctx ends or calls are halted. The first chunk
// shows which rules answer. After it, as many are under way as the slots have room for, and two at
// least: while the last answers of one are awaited, others use the rate, also where a large account
// is the last of its day.
func (p *pass) queryAll(ctx, calls, lasting context.Context, orders iter.Seq2[order, error]) error {
	var underWay []func() error // which await the end of a chunk
	most := 0
	for chunk, err := range chunks(orders, ordersAtATime) {
		if err != nil {
			return errors.Join(err, p.flush(lasting))
		}
		if ctx.Err() != nil {
			break
		}
		if _, halted := p.Halt.Failure(p.unit); halted {
			break
		}
		underWay = append(underWay, p.queryChunk(calls, chunk))
		for len(underWay) > most {
			if err := underWay[0](); err != nil {
				return errors.Join(err, p.flush(lasting))
			}
			underWay = underWay[1:]
		}
		most = 1 + p.slots.count()/ordersAtATime
	}
	return errors.Join(p.takeDone(calls, allChunks), p.flush(lasting))
}

// setFailure sets why orders have no answer. What ended all calls comes before what
// became of one.
func (p *pass) setFailure(ctx context.Context) {
	if f, halted := p.Halt.Failure(p.unit); halted {
		p.Failure = &f
	}
	if p.Failure == nil {
		if !errors.Is(context.Cause(ctx), stop.ErrDeadline) {
			return // interrupted: the next run resumes
		}
		failure := stop.DeadlineFailure(p.unit)
		p.Failure = &failure
	}
	what := "orders"
	if p.confirms {
		what = "settlements of callbacks alone"
	}
	p.Failure.Reason = fmt.Sprintf("settle query: %d of %d %s have no answer: %s", p.Unanswered, p.Orders, what, p.Failure.Reason)
}
