package build

import (
	"cmp"
	"slices"
	"strings"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// joinedRows are the rows of some orders, and what is counted of them.
type joinedRows struct {
	*joiner
	orders [][]reconcile.Bill
	// take takes a settlement for an order, unless another has it. It returns the order
	// that has it.
	take  func(s schema.SettlementKey, order string) (owner string)
	taken []claim // without looking

	// The memory for what is known of an order, and what comes of it.
	known   *evidence.OrderReader
	queries []schema.Query
	own     []schema.Settlement
	order   reconcile.Order
	outcome reconcile.Outcome

	groups, settlements *schema.Batch
	exceptions          []schema.Exception
	placed              evidence.Placements
	verdicts            map[schema.Verdict]int64
	differences         map[schema.AccountID]differenceCounts
	sums                conservation
	items               []itemCount
	left                map[schema.Day]int64 // as Partition.Left
}

// itemCount is a group of items, and how many bills it has.
type itemCount struct {
	group itemGroup
	bills int64
}

// differenceCounts are what a manifest's entry counts of groups.
type differenceCounts struct{ open, mismatched, neverAnswered int64 }

// reset removes the rows, and keeps the orders and the memory.
func (r *joinedRows) reset() {
	r.groups.Reset()
	r.settlements.Reset()
	r.taken, r.exceptions, r.items, r.sums = r.taken[:0], r.exceptions[:0], r.items[:0], conservation{}
	r.placed.Reset()
	clear(r.verdicts)
	clear(r.differences)
	clear(r.left)
}

// claim takes a settlement without looking whether another order has it.
func (r *joinedRows) claim(s schema.SettlementKey, order string) (owner string) {
	r.taken = append(r.taken, claim{fingerprintOf(s), order})
	return order
}

// takeSettlements reports whether all settlements that were taken without looking belong
// to the orders that took them.
func (r *joinedRows) takeSettlements() bool {
	for _, c := range r.taken {
		if r.claims.takeClaim(c) != c.order {
			return false
		}
	}
	return true
}

// holds reports whether an account's rows belong to the partition.
func (j *joiner) holds(account schema.AccountID) bool {
	return j.buckets == 1 || account.Bucket(j.buckets) == j.at.Bucket
}

// addOrders adds the rows of orders.
func (r *joinedRows) addOrders(orders [][]reconcile.Bill) error {
	for _, own := range orders {
		if err := r.addOrder(own); err != nil {
			return err
		}
	}
	return nil
}

// addOrder adds the rows of one order that belong to this partition.
func (r *joinedRows) addOrder(own []reconcile.Bill) error {
	known, err := r.readOrder(own)
	if err != nil {
		return err
	}
	o := &known
	for i := range o.own {
		if err := r.sums.bill(&o.own[i]); err != nil {
			return err
		}
	}
	r.addForeign(o)
	r.addElsewhere(o)
	r.addShared(o)
	groups, err := r.rules.NotCompared(o.own)
	if err != nil {
		return err
	}
	if len(o.bills) > 0 {
		outcome := &r.outcome
		if err := r.reconcile(outcome, o); err != nil {
			return err
		}
		outcome.Groups = slices.DeleteFunc(outcome.Groups, func(g schema.Reconciliation) bool { return !r.holds(g.WalkAccountID) })
		if groups = append(outcome.Groups, groups...); len(groups) > 1 {
			slices.SortStableFunc(groups, compareGroups)
		}
		r.addPlaced(o, outcome.Settlements)
		if err := r.countLeft(o, outcome.Settlements); err != nil {
			return err
		}
	}
	return r.addGroups(groups)
}

func compareGroups(a, b schema.Reconciliation) int {
	return cmp.Or(cmp.Compare(a.WalkAccountID, b.WalkAccountID), strings.Compare(a.GroupKey, b.GroupKey))
}

// reconcile reconciles the order with those of its settlements that no order before
// it has claimed.
func (r *joinedRows) reconcile(to *reconcile.Outcome, known *knownOrder) error {
	o := &r.order
	*o = reconcile.Order{
		Key: known.bills[0].OrderKey(), Bills: known.bills, Answered: known.answered, SettledElsewhere: known.CountedBefore(r.at.Day),
		Published: known.Published, BuiltDays: r.evidence.BuiltDays(), Settlements: r.own[:0],
	}
	for i := range known.Settlements {
		s := &known.Settlements[i].Settlement
		if owner := r.take(s.Key(), o.Key); owner != o.Key {
			r.exceptions = append(r.exceptions, sharedException(s, o.Key, owner))
			o.Answered = true
			continue
		}
		o.Settlements = append(o.Settlements, *s)
	}
	r.own = o.Settlements
	return r.rules.ReconcileTo(to, r.at.Day, o)
}

// addPlaced adds the settlements that belong to this partition, and their exceptions.
func (r *joinedRows) addPlaced(o *knownOrder, placed []reconcile.Placed) {
	for i := range placed {
		if r.holds(placed[i].Account) {
			r.addSettlement(&placed[i].Settlement)
		}
	}
	if !slices.ContainsFunc(o.Settlements, func(row evidence.Row) bool { return len(row.Exceptions) > 0 }) {
		return
	}
	rows := make(map[schema.SettlementKey]*evidence.Row, len(o.Settlements))
	for i := range o.Settlements {
		rows[o.Settlements[i].Settlement.Key()] = &o.Settlements[i]
	}
	for i := range placed {
		if !r.holds(placed[i].Account) {
			continue
		}
		row := rows[placed[i].Settlement.Key()]
		for k := range row.Exceptions {
			row.Exceptions[k].ShopOrderID = schema.Some(o.bills[0].OrderKey())
		}
		r.exceptions = append(r.exceptions, row.Exceptions...)
	}
}

func (r *joinedRows) addSettlement(s *schema.Settlement) {
	r.placed.Add(s)
	schema.Settlements.AppendTo(r.settlements, s)
}

func (r *joinedRows) addGroups(groups []schema.Reconciliation) error {
	for i := range groups {
		g := &groups[i]
		if err := r.sums.group(g); err != nil {
			return err
		}
		r.verdicts[g.Verdict]++
		n := r.differences[g.WalkAccountID]
		if g.Verdict == schema.BillOnly && r.neverAnswered[g.WalkAccountID] {
			g.Reasons = append(g.Reasons, schema.ReasonNeverAnswered)
			n.neverAnswered++
		}
		if g.Verdict.AwaitsSettlement() {
			n.open++
		} else if g.Verdict == schema.Mismatched {
			n.mismatched++
		}
		if n != (differenceCounts{}) {
			r.differences[g.WalkAccountID] = n
		}
		if g.ItemOrderID.Valid && g.BillRows > 0 {
			r.items = append(r.items, itemCount{itemGroupOf(g), g.BillRows})
		}
		schema.Reconciliations.AppendTo(r.groups, g)
	}
	return nil
}
