package sandbox

import (
	"iter"
	"slices"
	"time"

	"billwalk/schema"
)

// strayGroups yields, order by order, the strays of the merchant's day that have
// callbacks in the window. A stray is a settlement of an order that neither the bill
// API nor the settle query knows; the query finds most of them by their own ids.
func (p *Platform) strayGroups(m *merchant, day schema.Day, window CallbackWindow) iter.Seq[[]settlement] {
	return func(yield func([]settlement) bool) {
		if !window.covers(day) {
			return
		}
		week := uint64(max(0, p.config.Strays)) + p.world.dice(place{m.payees[0], day, 0}, "strays")%7
		for i := range int(week / 7) {
			at := place{m.payees[0], day, 2 * i}
			settlements := p.world.straySettlements(at)
			late := (day + 1 + schema.Day(settlements[0].variant%3)).Start().Add(14 * time.Hour)
			if p.callbacksArrived(at, settlements, late, window.At) && !yield(settlements) {
				return
			}
		}
	}
}

// straySettlements returns the strays of one order.
func (w *world) straySettlements(at place) []settlement {
	r := draw(w.dice(at, "stray"))
	first := w.newStray(at, at)
	first.time += r.Int64N(secondsPerDay*1000 - 1)
	second := w.newStray(at, place{at.payee, at.day, at.slot + 1})
	second.time = first.time + 1
	switch r.IntN(8) {
	case 0: // without an order or an item
		first.orderID = ""
	case 1:
		return []settlement{first.failed()}
	case 2: // a failed try and another one
		second.fen = first.fen
		return []settlement{first.failed(), second}
	case 3: // one order of two items, settled separately
		first.item, second.item = w.id(at, idStrayItem), w.id(place{at.payee, at.day, at.slot + 1}, idStrayItem)
		return []settlement{first, second}
	case 4, 5:
		first.item = w.id(at, idStrayItem)
	}
	return []settlement{first}
}

// newStray returns a stray of the order, at the start of its day.
func (w *world) newStray(order, at place) settlement {
	s := settlement{variant: w.dice(at, "stray look"), status: statusSuccess, inCallback: true, time: at.day.Start().UnixMilli()}
	r := draw(s.variant, word("amounts"))
	total := 100 + r.Int64N(40_000)
	fee, commission := total*25/1000, total*r.Int64N(6)/100
	s.legs = legs{fen: [legCount]int64{total, fee, commission, total - fee - commission}, shown: [legCount]bool{true, true, true, true}}
	s.orderID = tradePrefix + w.id(order, idStrayOrder)
	s.settleID, s.outSettleNo = tradePrefix+w.id(at, idStraySettle), outSettlePrefix+w.id(at, idStrayOutSettle)
	if s.variant%4 == 0 {
		s.outSettleNo = s.settleID
	}
	return s
}

// findStray returns the stray with the settle_id or out_settle_no, if the query knows it.
func (w *world) findStray(parameter, value string, at time.Time) []settlement {
	origin, ok := w.originOfID(value)
	if !ok || parameter != "settle_id" && parameter != "out_settle_no" {
		return nil
	}
	origin.slot -= origin.slot % 2 // of the order
	return slices.DeleteFunc(w.straySettlements(origin), func(s settlement) bool {
		return s.field(parameter) != value || s.variant%5 == 0 || s.time > at.UnixMilli()
	})
}
