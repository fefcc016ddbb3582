package sandbox

import (
	"iter"
	"slices"
	"time"

	"billwalk/schema"
)

// strays yields, order by order, the settlements of the merchant's day that no
// bill explains, as far as the delivery has them: neither the bill API nor the
// settle query knows of their orders. Of most the query knows by their own ids.
func (p *Platform) strays(m *merchant, day schema.Day, n Notified) iter.Seq[[]settlement] {
	return func(yield func([]settlement) bool) {
		if !n.covers(day) {
			return
		}
		week := uint64(max(0, p.config.Strays)) + p.world.dice(place{m.payees[0], day, 0}, "strays")%7
		for i := range int(week / 7) {
			at := place{m.payees[0], day, 2 * i}
			told := p.world.stray(at)
			late := (day + 1 + schema.Day(told[0].look%3)).Start().Add(14 * time.Hour)
			if p.comes(at, told, late, n.At) && !yield(told) {
				return
			}
		}
	}
}

// stray returns the settlements of an order of which nothing else is known.
func (w *world) stray(at place) []settlement {
	r := draw(w.dice(at, "stray"))
	first := w.strayAt(at, at)
	first.time += r.Int64N(secondsPerDay*1000 - 1)
	second := w.strayAt(at, place{at.payee, at.day, at.slot + 1})
	second.time = first.time + 1
	switch r.IntN(8) {
	case 0: // without an order, and so without an item
		first.orderID = ""
	case 1:
		return []settlement{first.failed()}
	case 2: // a failed try, and the next one
		second.fen = first.fen
		return []settlement{first.failed(), second}
	case 3: // one order of two items, each settled by itself
		first.item, second.item = w.id(at, idStrayItem), w.id(place{at.payee, at.day, at.slot + 1}, idStrayItem)
		return []settlement{first, second}
	case 4, 5:
		first.item = w.id(at, idStrayItem)
	}
	return []settlement{first}
}

// strayAt returns a settlement of the order, made as its day begins.
func (w *world) strayAt(order, at place) settlement {
	s := settlement{look: w.dice(at, "stray look"), status: statusSuccess, notified: true, time: at.day.Start().UnixMilli()}
	r := draw(s.look, word("amounts"))
	total := 100 + r.Int64N(40_000)
	fee, commission := total*25/1000, total*r.Int64N(6)/100
	s.legs = legs{fen: [legCount]int64{total, fee, commission, total - fee - commission}, told: [legCount]bool{true, true, true, true}}
	s.orderID = tradePrefix + w.id(order, idStrayOrder)
	s.settleID, s.outSettleNo = tradePrefix+w.id(at, idStraySettle), outSettlePrefix+w.id(at, idStrayOutSettle)
	if s.look%4 == 0 {
		s.outSettleNo = s.settleID
	}
	return s
}

// queryStray returns the stray of that settle_id or out_settle_no. Some the query
// does not know.
func (w *world) queryStray(parameter, value string, at time.Time) []settlement {
	home, ok := w.read(value)
	if !ok || parameter != "settle_id" && parameter != "out_settle_no" {
		return nil
	}
	home.slot -= home.slot % 2 // that of the order
	return slices.DeleteFunc(w.stray(home), func(s settlement) bool {
		return s.field(parameter) != value || s.look%5 == 0 || s.time > at.UnixMilli()
	})
}
