package build

import (
	"context"
	"iter"
	"slices"

	"billwalk/pipeline/parallel"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Join gives the staged bills their verdicts: it adds the rows of settlements and groups.
// All days of the window must be staged. What is unmatched, and AddRestatements, come
// after it.
func (p *Partition) Join(ctx context.Context) error {
	if err := p.openJoiner(ctx); err != nil {
		return err
	}
	if err := p.joiner.join(ctx, p.Orders()); err != nil {
		return err
	}
	return moveToItems(p.stage, &p.joiner.items)
}

// openJoiner loads what the orders of the partition are joined with.
func (p *Partition) openJoiner(ctx context.Context) error {
	b := p.builder
	j := &joiner{
		evidence: b.Evidence, rules: b.Rules, at: p.At(), buckets: b.Buckets, stage: p.stage, manifest: p.manifest,
		certificates: make(map[schema.AccountID]*schema.Certificate), claims: new(claims),
		entries: make(map[schema.AccountID]*schema.Entry), neverAnswered: make(map[schema.AccountID]bool), left: make(map[schema.Day]int64), first: p.base.Manifest == nil,
	}
	p.joiner = j
	for i := range p.manifest.Units {
		j.entries[p.manifest.Units[i].Account.ID] = &p.manifest.Units[i]
	}
	if b.Rules.Configured {
		var err error
		if j.elsewhere, err = b.Evidence.BillsElsewhere(ctx, p.At()); err != nil {
			return err
		}
		if err := b.Evidence.LoadAhead(ctx, p.base.Day); err != nil {
			return err
		}
		if err := b.Evidence.LoadAnswers(ctx, p.base.Day); err != nil {
			return err
		}
		if err := b.Evidence.LoadShared(ctx, p.base.Day); err != nil {
			return err
		}
		for account := range j.entries {
			j.neverAnswered[account] = b.Evidence.NeverAnswered(account, p.base.Day)
		}
	} else if m := p.base.Manifest; m != nil && comparedSettlements(m) {
		b.Log.Warn("the job has no settlements: section, and the day's verdicts become not_applicable", "bill_date", p.base.Day, "bucket", p.base.Bucket)
	}
	for _, other := range b.Partitions(p.base.Day) { // an order may be queried under an account of another bucket
		for _, e := range other.manifest.Units {
			j.certificates[e.Account.ID] = e.Certificate
		}
	}
	return nil
}

// comparedSettlements reports whether a published day has verdicts of a job with
// settlements.
func comparedSettlements(m *schema.Manifest) bool {
	return slices.ContainsFunc(schema.Verdicts, func(v schema.Verdict) bool { return v != schema.NotApplicable && m.Verdicts[v] > 0 })
}

// orderChunk is how many orders are joined at a time.
const orderChunk = 1024

// join reconciles the partition's bills, order by order. Chunks of orders are joined side by
// side, as if none had a settlement of another; one that has is joined again, in its turn.
func (j *joiner) join(ctx context.Context, orders iter.Seq2[[]reconcile.Bill, error]) error {
	j.manifest.Verdicts = make(map[schema.Verdict]int64)
	chunks := orderChunks(orders, orderChunk)
	for rows, err := range parallel.InOrder(chunks, j.joinFreely) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && !rows.takeSettlements() {
			rows.reset()
			rows.take = j.claims.take
			err = rows.addOrders(rows.orders)
		}
		if err == nil {
			err = j.add(rows)
		}
		if err != nil {
			return err
		}
	}
	return j.sums.check()
}

// joinFreely joins orders as if no other order had their settlements.
func (j *joiner) joinFreely(in ordersOrError) (*joinedRows, error) {
	if in.err != nil {
		return nil, in.err
	}
	rows := j.newRows()
	rows.orders = in.orders
	rows.take = rows.claim
	return rows, rows.addOrders(in.orders)
}
