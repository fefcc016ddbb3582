package build

import (
	"context"
	"slices"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// Join gives the staged bills their verdicts: it adds the rows of settlements and groups.
// All days of the window must be staged. What is unmatched, and AddRestatements, come
// after it.
func (p *Partition) Join(ctx context.Context) error {
	b := p.builder
	j := &joiner{
		evidence: b.Evidence, rules: b.Rules, at: p.At(), buckets: b.Buckets, append: p.stage.Append, manifest: p.manifest,
		certificates: make(map[schema.AccountID]*schema.Certificate), claims: newClaims(),
		entries: make(map[schema.AccountID]*schema.Entry),
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
		if err := b.Evidence.LoadAnswers(ctx, p.base.Day); err != nil {
			return err
		}
	} else if m := p.base.Manifest; m != nil && comparedSettlements(m) {
		b.Log.Warn("the job has no settlements: section, and the day's verdicts become not_applicable", "bill_date", p.base.Day, "bucket", p.base.Bucket)
	}
	for _, other := range b.Partitions(p.base.Day) { // an order may be queried under an account of another bucket
		for _, e := range other.manifest.Units {
			j.certificates[e.Account.ID] = e.Certificate
		}
	}
	return j.join(ctx, p.stage.Bills)
}

// comparedSettlements reports whether a published day has verdicts of a job with
// settlements.
func comparedSettlements(m *schema.Manifest) bool {
	return slices.ContainsFunc(schema.Verdicts, func(v schema.Verdict) bool { return v != schema.NotApplicable && m.Verdicts[v] > 0 })
}

// orderChunk is how many orders' answers are decoded at a time.
const orderChunk = 256

// join reconciles the partition's bills, order by order.
func (j *joiner) join(ctx context.Context, read evidence.ReadBills) error {
	j.manifest.Verdicts = make(map[schema.Verdict]int64)
	chunks := orderChunks(evidence.ByOrder(read, j.rules, j.at.Day), orderChunk)
	for chunk, err := range inOrder(chunks, j.readOrders) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for i := range chunk {
			if err := j.addOrder(&chunk[i]); err != nil {
				return err
			}
		}
	}
	return j.sums.check()
}

// knownOrder is an order with all that is known of it.
type knownOrder struct {
	own   []reconcile.Bill // the partition's
	bills []reconcile.Bill // forward ones, of the whole window
	*evidence.Order
	answered bool // every rule that applies was queried
}

// readOrders reads what is known of some orders.
func (j *joiner) readOrders(in ordersOrError) ([]knownOrder, error) {
	if in.err != nil {
		return nil, in.err
	}
	orders := make([]knownOrder, len(in.orders))
	for i, own := range in.orders {
		o := knownOrder{own: own, Order: new(evidence.Order)}
		for _, b := range own {
			if b.Forward() && b.OrderKey() != "" {
				o.bills = append(o.bills, b)
			}
		}
		if len(o.bills) > 0 {
			o.bills = append(o.bills, j.elsewhere[o.bills[0].OrderKey()]...)
			if j.rules.Configured {
				var err error
				if o.Order, err = j.evidence.Order(j.at.Day, o.bills); err != nil {
					return nil, err
				}
				o.answered = j.answered(&o)
				if !slices.ContainsFunc(o.bills, func(b reconcile.Bill) bool { return b.Day != j.at.Day }) {
					j.evidence.MarkLinked(o.Order)
				}
			}
		}
		orders[i] = o
	}
	return orders, nil
}

// answered reports whether every rule that applies to the order's bills of the day was
// queried, since these bills are there. An earlier day's answer may be from before them.
func (j *joiner) answered(o *knownOrder) bool {
	if len(o.Elsewhere) > 0 {
		return true // with settlements that do not count here
	}
	own := o.on(j.at.Day)
	c := j.certificates[firstAccount(own)]
	for _, q := range j.rules.Queries(own) {
		i := slices.IndexFunc(o.Answers, func(a evidence.QueryAnswer) bool { return a.Parameter == q.Parameter && a.Value == q.Value })
		if i < 0 || o.Answers[i].Day < j.at.Day && (c == nil || o.Answers[i].Fetched < c.FinishedAt.UnixMicro()) {
			return false
		}
	}
	return true
}

// on returns the order's bills of a day.
func (o *knownOrder) on(day schema.Day) (bills []reconcile.Bill) {
	for _, b := range o.bills {
		if b.Day == day {
			bills = append(bills, b)
		}
	}
	return bills
}
