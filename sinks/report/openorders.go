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
	o, resolved, err := l.sumOrders(ctx, may)
	if err != nil {
		return err
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

// OpenAges returns the open orders by verdict and age, as in the report of the same options,
// which it reads little of.
func OpenAges(ctx context.Context, lake Lake, options Options) ([]Age, error) {
	l, may := newLoader(lake, options), newTables()
	if err := l.readBases(ctx); err != nil {
		return nil, err
	}
	groupsOf := func(ctx context.Context, p part) (found, error) {
		f := found{newTables(), p}
		return f, f.readGroups(ctx, l)
	}
	if err := inOrder(ctx, l.parts, groupsOf, may.add); err != nil {
		return nil, err
	}
	o, _, err := l.sumOrders(ctx, may.orders)
	if err != nil {
		return nil, err
	}
	return o.ageTable(), o.err
}

// sumOrders adds up the orders that are open, and those that people have resolved.
func (l *loader) sumOrders(ctx context.Context, may map[uint64]bool) (o, resolved *openOrders, err error) {
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
		return nil, nil, err
	}
	o = &openOrders{most: l.MaxOrders, ages: make(map[ageKey]*Age)}
	resolved = &openOrders{most: l.MaxOrders, ages: make(map[ageKey]*Age)}
	for round := range rounds {
		held := orderBook{to: l.To, orders: make(map[string]*heldOrder)}
		wanted := func(hash uint64) bool { return may[hash] && hash%rounds == round }
		err := inOrder(ctx, l.parts, func(ctx context.Context, p part) ([]openGroup, error) { return l.readOpen(ctx, p, wanted) }, held.addAll)
		if err != nil {
			return nil, nil, err
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
	return o, resolved, nil
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
