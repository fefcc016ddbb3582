package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// joiner gives the bills of one partition their verdicts.
type joiner struct {
	evidence  *evidence.Evidence
	rules     *reconcile.Rules
	at        schema.Partition
	buckets   int
	elsewhere map[string][]reconcile.Bill // by order: bills of it in other files
	certified map[schema.AccountID]*schema.Certificate
	claimed   map[schema.SettlementKey]string // the order that has each settlement
	written   map[string]schema.Status        // of the settlements of this partition, by settle_id
	out       func(schema.Row) error
	m         *schema.Manifest
	entries   map[schema.AccountID]*schema.Entry // of the manifest
	sums      conservation
}

// orderChunk is how many orders' answers are decoded at a time.
const orderChunk = 256

// join reads the partition's bills, order by order, and hands the rows of
// settlements and reconciliation over.
func (j *joiner) join(ctx context.Context, read evidence.ReadBills) error {
	j.m.Verdicts = make(map[schema.Verdict]int64)
	chunks := chunked(evidence.ByOrder(read, j.rules, j.at.Day), orderChunk)
	for chunk, err := range inOrder(chunks, j.gather) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for i := range chunk {
			if err := j.order(&chunk[i]); err != nil {
				return err
			}
		}
	}
	return j.sums.check()
}

// gathered is an order with all that is known of it.
type gathered struct {
	own   []reconcile.Bill // the partition's
	bills []reconcile.Bill // forward ones, of the whole window
	*evidence.Order
	asked bool // for all that is due
}

// gather decodes the answers for some orders.
func (j *joiner) gather(in ordersOrError) ([]gathered, error) {
	if in.err != nil {
		return nil, in.err
	}
	all := make([]gathered, len(in.orders))
	for i, own := range in.orders {
		g := gathered{own: own, Order: new(evidence.Order)}
		for _, b := range own {
			if b.Forward() && b.OrderKey() != "" {
				g.bills = append(g.bills, b)
			}
		}
		if len(g.bills) > 0 {
			g.bills = append(g.bills, j.elsewhere[g.bills[0].OrderKey()]...)
			if j.rules.Configured {
				var err error
				if g.Order, err = j.evidence.Order(j.at.Day, g.bills); err != nil {
					return nil, err
				}
				g.asked = j.asked(&g)
				j.note(&g)
			}
		}
		all[i] = g
	}
	return all, nil
}

// note notes the callbacks of an order of this day alone: they need not be looked
// for among those that no bill explains.
func (j *joiner) note(g *gathered) {
	if slices.ContainsFunc(g.bills, func(b reconcile.Bill) bool { return b.Day != j.at.Day }) {
		return
	}
	j.evidence.MarkLinked(g.Order)
}

// asked says that every rule that applies to the order's bills of the day was asked,
// since these bills are there. An earlier day's answer may be from before them.
func (j *joiner) asked(g *gathered) bool {
	if len(g.Elsewhere) > 0 {
		return true // and was answered with what does not count here
	}
	own := g.on(j.at.Day)
	c := j.certified[firstAccount(own)]
	for _, q := range j.rules.Queries(own) {
		i := slices.IndexFunc(g.Answers, func(a evidence.QueryAnswer) bool { return a.Parameter == q.Parameter && a.Value == q.Value })
		if i < 0 || g.Answers[i].Day < j.at.Day && (c == nil || g.Answers[i].Fetched < c.FinishedAt.UnixMicro()) {
			return false
		}
	}
	return true
}

// on returns the order's bills of a day.
func (g *gathered) on(day schema.Day) (bills []reconcile.Bill) {
	for _, b := range g.bills {
		if b.Day == day {
			bills = append(bills, b)
		}
	}
	return bills
}

func firstAccount(bills []reconcile.Bill) schema.AccountID {
	return slices.MinFunc(bills, func(a, b reconcile.Bill) int { return cmp.Compare(a.Account, b.Account) }).Account
}

// files says that the partition is the one that tells what is wrong with an
// answer itself.
func (j *joiner) files(a *schema.SettleAnswer) bool {
	return a.Day == j.at.Day && a.Account.Bucket(j.buckets) == j.at.Bucket
}

// order hands over what one order comes to in this partition.
func (j *joiner) order(g *gathered) error {
	for i := range g.own {
		if err := j.sums.bill(&g.own[i]); err != nil {
			return err
		}
	}
	if err := j.tellForeign(g); err != nil {
		return err
	}
	if err := j.tellAway(g); err != nil {
		return err
	}
	groups, err := j.rules.NotCompared(g.own)
	if err != nil {
		return err
	}
	if len(g.bills) > 0 {
		outcome, err := j.judge(g)
		if err != nil {
			return err
		}
		for _, group := range outcome.Groups {
			if group.WalkAccountID.Bucket(j.buckets) == j.at.Bucket {
				groups = append(groups, group)
			}
		}
		if err := j.placed(g, outcome.Settlements); err != nil {
			return err
		}
	}
	slices.SortStableFunc(groups, func(a, b schema.Reconciliation) int {
		if a.WalkAccountID != b.WalkAccountID {
			return strings.Compare(string(a.WalkAccountID), string(b.WalkAccountID))
		}
		return strings.Compare(a.GroupKey, b.GroupKey)
	})
	for i := range groups {
		if err := j.group(&groups[i]); err != nil {
			return err
		}
	}
	return nil
}

// tellForeign tells of the settlements of other orders that the order was answered with.
func (j *joiner) tellForeign(g *gathered) error {
	var asked *reconcile.Bill // for the answer
	for i := range g.Foreign {
		f := &g.Foreign[i]
		if !j.files(f.Answer) {
			continue
		}
		if asked == nil || g.Foreign[i-1].Answer != f.Answer {
			asked = f.QueriedBill(g.bills)
		}
		if err := j.exceptions(f.ExceptionsFor(asked)); err != nil {
			return err
		}
	}
	return nil
}

// judge reconciles the order with those of its settlements that no order before
// it has claimed.
func (j *joiner) judge(g *gathered) (reconcile.Outcome, error) {
	o := reconcile.Order{Key: g.bills[0].OrderKey(), Bills: g.bills, Answered: g.asked, SettledElsewhere: g.CountedBefore(j.at.Day), Published: g.Published, BuiltDays: j.evidence.BuiltDays()}
	for i := range g.Settlements {
		s := &g.Settlements[i].Settlement
		owner, taken := j.claimed[s.Key()]
		if !taken {
			j.claimed[s.Key()] = o.Key
		} else if owner != o.Key {
			e := schema.Exception{
				Rule: schema.RuleSettleShared, Severity: schema.RuleSettleShared.Severity(), ShopOrderID: schema.Some(o.Key), SettleID: schema.Some(s.SettleID),
				Actual: s.Amount, Detail: "the settlement answers for order " + owner + ", too, and counts there",
			}
			if err := j.exception(&e); err != nil {
				return reconcile.Outcome{}, err
			}
			continue
		}
		o.Settlements = append(o.Settlements, *s)
	}
	return j.rules.Reconcile(j.at.Day, &o)
}

// placed hands over the settlements that belong to this partition, and what is
// wrong with them.
func (j *joiner) placed(g *gathered, placed []reconcile.Placed) error {
	rows := make(map[schema.SettlementKey]*evidence.Row, len(g.Settlements))
	for i := range g.Settlements {
		rows[g.Settlements[i].Settlement.Key()] = &g.Settlements[i]
	}
	for i := range placed {
		if placed[i].Account.Bucket(j.buckets) != j.at.Bucket {
			continue
		}
		s := &placed[i].Settlement
		if err := j.settlement(s); err != nil {
			return err
		}
		row := rows[s.Key()]
		for k := range row.Exceptions {
			row.Exceptions[k].ShopOrderID = schema.Some(g.bills[0].OrderKey())
		}
		if err := j.exceptions(row.Exceptions); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) settlement(s *schema.Settlement) error {
	if j.written[s.SettleID] != schema.StatusSuccess { // another item of it may have succeeded
		j.written[s.SettleID] = s.Status
	}
	return j.out(s)
}

func (j *joiner) group(r *schema.Reconciliation) error {
	if err := j.sums.group(r); err != nil {
		return err
	}
	j.m.Verdicts[r.Verdict]++
	if e := j.entries[r.WalkAccountID]; e != nil && r.Verdict.AwaitsSettlement() {
		e.Open++
	} else if e != nil && r.Verdict == schema.Mismatched {
		e.Mismatched++
	}
	return j.out(r)
}

func (j *joiner) exception(e *schema.Exception) error {
	j.m.Exceptions[e.Rule]++
	return j.out(e)
}

func (j *joiner) exceptions(all []schema.Exception) error {
	for i := range all {
		if err := j.exception(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// tellAway tells of the order's settlements that count on another day, once. It is
// an error where one has succeeded since it was last looked at there.
func (j *joiner) tellAway(g *gathered) error {
	if len(g.Elsewhere)+len(g.Late) == 0 || firstAccount(g.on(j.at.Day)).Bucket(j.buckets) != j.at.Bucket {
		return nil
	}
	for _, s := range slices.Concat(g.Elsewhere, g.Late) {
		e := schema.Exception{
			Rule: schema.RuleSettleElsewhere, Severity: schema.RuleSettleElsewhere.Severity(), ShopOrderID: schema.Some(g.bills[0].OrderKey()), SettleID: schema.Some(s.SettleID),
			Actual: s.Amount, Detail: fmt.Sprintf("the settlement stands on %s, where the order has another bill, and counts there alone", s.Day),
		}
		if s.SucceededSince() {
			e.Severity = schema.SeverityError
			e.Detail = fmt.Sprintf("the settlement has succeeded since %s was last looked at, where it stands: it counts once that day is run again (--from %s --to %s)", s.Day, s.Day, s.Day)
		}
		if err := j.exception(&e); err != nil {
			return err
		}
	}
	return nil
}
