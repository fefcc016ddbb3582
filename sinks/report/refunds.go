package report

import (
	"cmp"
	"context"
	"slices"
	"time"

	"billwalk/schema"
)

// How much of refunds a report lists.
const (
	maxRefunded        = 10_000
	maxRefundedDrilled = 200
)

// refundBill is a refund, before it is known whether its order had been shared out.
type refundBill struct {
	day     schema.Day
	account schema.AccountID
	order   string
	store   string
	fen     schema.Null[schema.Fen]
	at      schema.Null[time.Time]
}

// addRefund adds the bill if it is a refund of an order.
func addRefund(refunds []refundBill, day schema.Day, b *schema.Bill) []refundBill {
	order := schema.OrderKey(b.ShopOrderID.V, b.OrderExtID.V)
	if order == "" || b.SettleType != refund {
		return refunds
	}
	return append(refunds, refundBill{day, b.WalkAccountID, order, b.PoiID.V, b.Amounts[schema.LedgerTotal], b.SettleTime})
}

// shared is what was shared out of an order.
type shared struct {
	settled   schema.Fen
	succeeded bool
	first     schema.Null[time.Time]
}

// refundsOf returns those of the refunds that came after their order was shared out.
func (l *loader) refundsOf(ctx context.Context, refunds []refundBill) (r Refunds, err error) {
	var a adder
	r = Refunds{Since: l.From - schema.Day(l.Lookback), List: []RefundedOrder{}, Stores: []RefundedStore{}}
	if len(refunds) == 0 {
		return r, nil
	}
	orders := make(map[string]*shared)
	for _, b := range refunds {
		orders[b.order] = new(shared)
	}
	before, err := l.basesOf(ctx, r.Since, l.From-1)
	if err != nil {
		return r, err
	}
	read := func(ctx context.Context, p part) ([]schema.Settlement, error) { return l.readShared(ctx, p, orders) }
	add := func(settlements []schema.Settlement) error {
		for i := range settlements {
			s := &settlements[i]
			o := orders[orderOf(s, orders)]
			a.add(&o.settled, s.Amount.V)
			o.succeeded = true
			if s.SettleTime.Valid && (!o.first.Valid || s.SettleTime.V.Before(o.first.V)) {
				o.first = s.SettleTime
			}
		}
		return a.err
	}
	if err := inOrder(ctx, slices.Concat(before, l.parts), read, add); err != nil {
		return r, err
	}
	refunded, stores := make(map[string]*RefundedOrder), make(map[storeKey]*RefundedStore)
	for _, b := range refunds {
		o := orders[b.order]
		if o.succeeded && !(b.at.Valid && o.first.Valid && b.at.V.Before(o.first.V)) { // a time that is not known hides nothing
			r.add(&a, b, o, refunded, stores)
		}
	}
	for _, o := range refunded {
		r.List = append(r.List, *o)
	}
	for _, s := range stores {
		r.Stores = append(r.Stores, *s)
	}
	r.Orders = int64(len(refunded))
	slices.SortFunc(r.List, func(a, b RefundedOrder) int {
		return cmp.Or(cmp.Compare(magnitude(b.Refund), magnitude(a.Refund)), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(r.Stores, func(a, b RefundedStore) int {
		return cmp.Or(cmp.Compare(magnitude(b.Refund), magnitude(a.Refund)), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Store, b.Store))
	})
	r.List = r.List[:min(len(r.List), maxRefunded)]
	return r, a.err
}

// add adds a refund to its order and store.
func (r *Refunds) add(a *adder, b refundBill, o *shared, refunded map[string]*RefundedOrder, stores map[storeKey]*RefundedStore) {
	r.Bills++
	if !b.fen.Valid {
		r.Unknown++
	}
	a.add(&r.Refund, b.fen.V)
	order := refunded[b.order]
	if order == nil {
		order = &RefundedOrder{Key: b.order, Account: b.account, Store: b.store, Settled: o.settled, First: b.day, Last: b.day}
		if o.first.Valid {
			order.Since = &o.first.V
		}
		refunded[b.order] = order
	}
	if order.Store != b.store {
		order.Store = ""
	}
	order.Bills++
	order.First, order.Last = min(order.First, b.day), max(order.Last, b.day)
	a.add(&order.Refund, b.fen.V)
	key := storeKey{b.account, b.store}
	if stores[key] == nil {
		stores[key] = &RefundedStore{Account: b.account, Store: b.store}
	}
	stores[key].Bills++
	a.add(&stores[key].Refund, b.fen.V)
}

// readShared reads the successful settlements of orders.
func (l *loader) readShared(ctx context.Context, p part, orders map[string]*shared) (list []schema.Settlement, err error) {
	columns := []string{"settle_id", "order_id", "out_order_no", "item_order_id", "group_key", "settle_status", "settle_time", "settle_amount_fen"}
	for s, err := range rows[schema.Settlement](ctx, l, &schema.Settlements, p, columns...) {
		if err != nil {
			return nil, err
		}
		if s.Status == schema.StatusSuccess && orderOf(s, orders) != "" {
			list = append(list, *s)
		}
	}
	return list, nil
}

// orderOf returns which of the orders has the settlement; "" if none has.
func orderOf(s *schema.Settlement, orders map[string]*shared) string {
	for _, key := range orderKeysOf(s) {
		if orders[key] != nil {
			return key
		}
	}
	return ""
}
