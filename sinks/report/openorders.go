package report

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// maxHeld is how many open orders are held at once. Where there are more, the verdicts are
// read several times, and each time some of the orders are summed.
const maxHeld = 60_000

// fillOrders finds the open orders. may says, by hash, which orders there are and which of
// them have an open group.
func (l *loader) fillOrders(ctx context.Context, r *Report, may map[uint64]bool) error {
	open := 0
	for _, is := range may {
		if is {
			open++
		}
	}
	rounds := uint64(1 + open/maxHeld)
	noted, err := l.lake.ResolutionStates(ctx, func(key schema.ResolutionKey) bool {
		return l.accounts[key.WalkAccountID] && may[maphash.String(hashSeed, key.Order)]
	})
	if err != nil {
		return err
	}
	o := &openOrders{most: l.MaxOrders, ages: make(map[ageKey]*OrderSum)}
	resolved := &openOrders{most: l.MaxOrders, ages: make(map[ageKey]*OrderSum)}
	for round := range rounds {
		held := orderBook{to: l.To, orders: make(map[string]*heldOrder)}
		wanted := func(hash uint64) bool { return may[hash] && hash%rounds == round }
		err := inOrder(ctx, l.parts, func(ctx context.Context, p part) ([]openGroup, error) { return l.readOpen(ctx, p, wanted) }, held.addAll)
		if err != nil {
			return err
		}
		for _, order := range held.orders {
			switch {
			case !order.finish():
			case order.resolved(noted):
				resolved.add(&order.Order)
			default:
				o.add(&order.Order)
			}
		}
		o.trim()
		resolved.trim()
	}
	r.Orders = o.orders(int64(len(may)), r.Total.Verdicts, resolved)
	r.Ages = o.ageTable()
	if err := cmp.Or(o.err, resolved.err); err != nil {
		return err
	}
	refunded := r.refundedAlone()
	if err := l.fillDrills(ctx, r.Orders.List, r.Orders.ResolvedList, refunded); err != nil {
		return err
	}
	r.drillRefunds(refunded)
	return nil
}

// openGroup is a group of an order that may be open.
type openGroup struct {
	day schema.Day
	key string // of the order
	schema.Reconciliation
}

var legColumns = func() []string {
	columns := []string{"walk_account_id", "group_key", "shop_order_id", "item_order_id", "verdict", "reasons", "cause"}
	for leg := range schema.LegCount {
		for _, side := range []string{"billed_", "settled_", "diff_"} {
			columns = append(columns, side+leg.String()+"_fen")
		}
	}
	return columns
}()

// readOpen reads the groups of orders that are wanted.
func (l *loader) readOpen(ctx context.Context, p part, wanted func(hash uint64) bool) (groups []openGroup, err error) {
	for r, err := range rows[schema.Reconciliation](ctx, l, &schema.Reconciliations, p, legColumns...) {
		if err != nil {
			return nil, err
		}
		if !l.accounts[r.WalkAccountID] || termOf(r) == "" || !wanted(orderHash(r)) {
			continue
		}
		g := openGroup{p.day, orderKey(r), *r}
		g.Reasons = slices.Clone(r.Reasons)
		groups = append(groups, g)
	}
	return groups, nil
}

// orderBook sums groups by order.
type orderBook struct {
	to     schema.Day
	orders map[string]*heldOrder
	adder
}

type heldOrder struct {
	Order
	accounts []schema.AccountID
	openIn   []schema.AccountID // of them, those with an open group
	open     int                // groups
	decided  bool               // every open group is mismatched
}

func (book *orderBook) addAll(groups []openGroup) error {
	for i := range groups {
		book.add(&groups[i])
	}
	return book.err
}

func (book *orderBook) add(g *openGroup) {
	o := book.orders[g.key]
	if o == nil {
		o = &heldOrder{Order: Order{Key: g.key, Order: g.ShopOrderID.V, Account: g.WalkAccountID, First: g.day, Last: g.day, Age: int(book.to - g.day)}, decided: true}
		book.orders[g.key] = o
	}
	o.Groups++
	o.First, o.Last = min(o.First, g.day), max(o.Last, g.day)
	if o.Account == schema.NoAccount {
		o.Account = g.WalkAccountID
	}
	if g.WalkAccountID != schema.NoAccount && !slices.Contains(o.accounts, g.WalkAccountID) {
		o.accounts = append(o.accounts, g.WalkAccountID)
	}
	for leg := range schema.LegCount {
		book.addLeg(&o.Legs[leg], g, leg)
	}
	if isOpen(&g.Reconciliation) {
		o.addOpen(&g.Reconciliation)
	}
}

func (book *orderBook) addLeg(sum *Leg, g *openGroup, leg schema.Leg) {
	for _, side := range []struct {
		sum *Amount
		fen schema.Null[schema.Fen]
	}{{&sum.Billed, g.Billed[leg]}, {&sum.Settled, g.Settled[leg]}, {&sum.Diff, book.difference(&g.Reconciliation, leg)}} {
		if side.fen.Valid {
			side.sum.Valid = true
			book.adder.add(&side.sum.V, side.fen.V)
		}
	}
}

// difference returns what a group adds to the difference of its order. What is neither
// matched nor mismatched has none of its own: it is settled with what it has.
func (book *orderBook) difference(r *schema.Reconciliation, leg schema.Leg) (diff schema.Null[schema.Fen]) {
	billed, settled := r.Billed[leg], r.Settled[leg]
	unsettled := r.Settled == schema.Legs{}
	switch {
	case r.Verdict == schema.Matched || r.Verdict == schema.Mismatched:
		return r.Diff[leg]
	case unsettled && billed.Valid, billed.Valid && settled.Valid, r.Verdict == schema.SettlementOnly && settled.Valid:
		diff = schema.Some(settled.V)
		book.sub(&diff.V, billed.V)
	}
	return diff
}

// addOpen adds what an open group says.
func (o *heldOrder) addOpen(r *schema.Reconciliation) {
	o.open++
	if !slices.Contains(o.openIn, r.WalkAccountID) {
		o.openIn = append(o.openIn, r.WalkAccountID)
	}
	o.decided = o.decided && r.Verdict == schema.Mismatched
	if o.Verdict == "" || slices.Index(schema.Verdicts, r.Verdict) < slices.Index(schema.Verdicts, o.Verdict) {
		o.Verdict = r.Verdict
	}
	o.Item = r.ItemOrderID.V
	if o.Cause == "" {
		o.Cause = string(r.Cause.V)
	}
	for _, reason := range r.Reasons {
		if !slices.Contains(o.Reasons, reason) {
			o.Reasons = append(o.Reasons, reason)
		}
	}
}

// finish completes the order, and reports whether it is open.
func (o *heldOrder) finish() bool {
	if o.open != 1 {
		o.Item = ""
	}
	if len(o.accounts) > 1 {
		o.Accounts = len(o.accounts)
	}
	compared := false
	for _, leg := range o.Legs {
		compared = compared || leg.Diff.Valid
		o.Stake = max(o.Stake, leg.Diff.V, -leg.Diff.V)
	}
	if !compared {
		total := o.Legs[schema.LegTotal]
		o.Stake = max(total.Billed.V, -total.Billed.V, total.Settled.V, -total.Settled.V)
	}
	return o.open > 0 && (o.Stake != 0 || !o.decided || !compared)
}

// resolved reports whether people have settled the order in every account that it is open in,
// and notes the latest of what they say.
func (o *heldOrder) resolved(noted map[schema.ResolutionKey]schema.ResolutionNow) bool {
	holding := 0
	state := ResolvedInPart
	for _, account := range o.openIn {
		now, ok := noted[schema.ResolutionKey{WalkAccountID: account, Order: o.Key}]
		switch {
		case !ok || now.State == schema.Cleared:
			continue
		case now.State == schema.Resolved:
			holding++
		default:
			state = Reopened
		}
		if o.Noted == nil || o.Noted.At.Before(now.At) {
			o.Noted = &Resolution{Reason: now.Reason, By: now.By, At: now.At}
			if now.DiffTotal != nil {
				o.Noted.Diff = Amount(schema.Some(*now.DiffTotal))
			}
		}
	}
	if o.Noted == nil {
		return false
	}
	if holding == len(o.openIn) {
		state = Resolved
	}
	o.Noted.State = state
	return state == Resolved
}

// openOrders are all open orders, of which the largest are kept.
type openOrders struct {
	most int
	list []Order
	sum  OrderSum
	ages map[ageKey]*OrderSum
	adder
}

type ageKey struct {
	verdict schema.Verdict
	band    AgeBand
}

func (o *openOrders) add(order *Order) {
	age := ageKey{order.Verdict, bandOf(order.Age)}
	if o.ages[age] == nil {
		o.ages[age] = new(OrderSum)
	}
	o.addTo(&o.sum, order)
	o.addTo(o.ages[age], order)
	o.list = append(o.list, *order)
	if len(o.list) >= 2*o.most {
		o.trim()
	}
}

func (o *openOrders) addTo(sum *OrderSum, order *Order) {
	sum.Orders++
	o.adder.add(&sum.Billed, order.Legs[schema.LegTotal].Billed.V)
	o.adder.add(&sum.Settled, order.Legs[schema.LegTotal].Settled.V)
	o.adder.add(&sum.Stake, order.Stake)
}

// trim sorts the orders and drops those that are too many.
func (o *openOrders) trim() {
	slices.SortFunc(o.list, func(a, b Order) int {
		return cmp.Or(cmp.Compare(b.Stake, a.Stake), cmp.Compare(a.First, b.First), cmp.Compare(a.Key, b.Key))
	})
	o.list = o.list[:min(len(o.list), o.most):min(len(o.list), o.most)]
}

// orders returns the list, with what is not in it by subtraction.
func (o *openOrders) orders(all int64, verdicts []VerdictSum, resolved *openOrders) Orders {
	list := Orders{
		List: append([]Order{}, o.list...), Open: o.sum, Left: o.sum, ResolvedList: append([]Order{}, resolved.list...), Resolved: resolved.sum,
		Closed: OrderSum{Orders: all - o.sum.Orders - resolved.sum.Orders},
	}
	for i := range o.list {
		legs := &o.list[i].Legs[schema.LegTotal]
		list.Left.Orders--
		o.sub(&list.Left.Billed, legs.Billed.V)
		o.sub(&list.Left.Settled, legs.Settled.V)
		o.sub(&list.Left.Stake, o.list[i].Stake)
	}
	for _, v := range verdicts {
		o.adder.add(&list.Closed.Billed, v.Billed)
		o.adder.add(&list.Closed.Settled, v.Settled)
	}
	for _, sum := range []OrderSum{o.sum, resolved.sum} {
		o.sub(&list.Closed.Billed, sum.Billed)
		o.sub(&list.Closed.Settled, sum.Settled)
	}
	return list
}

func bandOf(age int) AgeBand {
	i := slices.IndexFunc(AgeBands, func(b AgeBand) bool { return age >= b.Least && (age <= b.Most || b.Most == 0) })
	return AgeBands[i]
}

// ageTable returns the ages of every verdict that occurs, in all bands.
func (o *openOrders) ageTable() []Age {
	table := []Age{}
	for _, verdict := range schema.Verdicts {
		row, any := make([]Age, len(AgeBands)), false
		for i, band := range AgeBands {
			row[i] = Age{Verdict: verdict, Band: band}
			if sum := o.ages[ageKey{verdict, band}]; sum != nil {
				row[i].OrderSum, any = *sum, true
			}
		}
		if any {
			table = append(table, row...)
		}
	}
	return table
}
