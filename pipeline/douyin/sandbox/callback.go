package sandbox

import (
	"iter"
	"slices"
	"time"

	"billwalk/schema"
)

// CallbackWindow selects callbacks: those that [Platform.Callbacks] yields for the
// days and the time.
type CallbackWindow struct {
	From, To schema.Day
	At       time.Time
}

// Callback is one settle callback (通知分账结果).
type Callback struct {
	SettlementRow // its content, without account and out_order_no; the day is that of event_time
	AppID         string
	AutoSettle    bool
	Message       string
	Body          []byte // of version 2.0
}

// Callbacks yields the callbacks that the platform has sent by the time: of each
// order with a settlement on the days from..to, all final settlements, and those of
// orders without bills.
//
// An order has all its callbacks or none. It has none before its last settlement, and,
// if it has several days, none while a settlement is in progress: its callbacks could
// then look complete for one of the days. Unauthorised merchants have no callbacks,
// unavailable units do.
func (p *Platform) Callbacks(from, to schema.Day, at time.Time) iter.Seq[Callback] {
	return func(yield func(Callback) bool) {
		for _, settlements := range p.callbackOrders(CallbackWindow{from, to, at}) {
			for i := range settlements {
				if !yield(p.callback(&settlements[i])) {
					return
				}
			}
		}
	}
}

func (p *Platform) callback(s *settlement) Callback {
	c := Callback{SettlementRow: s.row(s.ownDay()), AppID: p.world.appID(), AutoSettle: s.auto(), Message: s.message(), Body: p.world.callbackBody(s, 0)}
	c.OutOrderNo = ""
	return c
}

func (n CallbackWindow) covers(day schema.Day) bool { return n.From <= day && day <= n.To }

// maxSettleDays is the maximum number of days between the first bill of an order and
// its last settlement.
const maxSettleDays = 5

// callbackOrders yields the settlements of the window's callbacks, order by order,
// with the items that the callbacks name. The order is nil if it has no bill.
func (p *Platform) callbackOrders(window CallbackWindow) iter.Seq2[*order, []settlement] {
	return func(yield func(*order, []settlement) bool) {
		for day := window.From - maxSettleDays; day <= window.To; day++ {
			for _, m := range p.world.merchants {
				if p.Unauthorised(m.account()) {
					continue
				}
				for o := range p.world.orders(m, day) {
					if settlements := p.callbackSettlements(o, window); len(settlements) > 0 && !yield(o, settlements) {
						return
					}
				}
				for settlements := range p.strayGroups(m, day, window) {
					if !yield(nil, settlements) {
						return
					}
				}
			}
		}
	}
}

// orders yields the merchant's orders whose first forward bill is on the day.
func (w *world) orders(m *merchant, day schema.Day) iter.Seq[*order] {
	return func(yield func(*order) bool) {
		for _, payee := range m.payees {
			for slot := range w.count(payee, day) {
				at := place{payee, day, slot}
				if w.planted(at) == repeated {
					continue
				}
				b := w.bill(at)
				if b.SettleType != forward {
					continue
				}
				if o, ok := w.order(b.origin); ok && o.lines[0].at == at && !yield(o) {
					return
				}
			}
		}
	}
}

// callbackSettlements returns the order's settlements that have callbacks in the
// window.
func (p *Platform) callbackSettlements(o *order, window CallbackWindow) []settlement {
	all := p.world.settlements(o, window.At)
	final := slices.DeleteFunc(slices.Clone(all), func(s settlement) bool { return !s.final() })
	within := slices.ContainsFunc(final, func(s settlement) bool { return window.covers(s.ownDay()) })
	inProgress := len(final) < len(all) && len(o.days()) > 1
	if !within || inProgress || p.Unauthorised(o.origin.payee.merchant.account()) || !p.callbacksArrived(o.origin, final, o.lateAt.Add(24*time.Hour), window.At) {
		return nil
	}
	for i := range final {
		final[i].item, final[i].inCallback = p.world.namedItem(o, all, &final[i]), true
	}
	return final
}

// callbacksArrived reports whether the order's callbacks have been sent by the time:
// never if they are lost, and all together at late if they are late.
func (p *Platform) callbacksArrived(origin place, settlements []settlement, late, at time.Time) bool {
	if p.world.dice(origin, "lost callbacks")%100 < uint64(max(0, p.config.LostCallbacks)) {
		return false
	}
	if p.world.dice(origin, "late callbacks")%100 < uint64(max(0, p.config.LateCallbacks)) && at.Before(late) {
		return false
	}
	return !slices.ContainsFunc(settlements, func(s settlement) bool { return s.time > at.UnixMilli() })
}

// namedItem returns the item that the settlement's callback names: the query's, or
// else the only item that it settles, if all settlements of the item can name it. It
// is always named if only the item links the callback to bills, else half of the time.
func (w *world) namedItem(o *order, all []settlement, s *settlement) string {
	if s.item != "" || len(s.settledItems) != 1 || s.orderID == o.shop && w.dice(o.origin, "named items")%2 == 0 {
		return s.item
	}
	item := s.settledItems[0]
	for i := range all {
		if other := &all[i]; slices.Contains(other.settledItems, item) && (len(other.settledItems) > 1 || !other.final()) {
			return ""
		}
	}
	return item
}
