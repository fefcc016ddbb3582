package sandbox

import (
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// order returns the order named after the place, if any bill is of it.
func (w *world) order(home place) (*order, bool) {
	o := &order{home: home, lines: w.lines(home)}
	if len(o.lines) == 0 {
		return nil, false
	}
	o.shop, o.external = o.lines[0].ShopOrderID, o.lines[0].OrderExtID
	o.shared = o.lastDay()
	if w.dice(home, "shared")%3 == 0 {
		o.shared++
	}
	o.late = o.lastDay().Start().Add(time.Duration(1+w.dice(home, "late")%3)*24*time.Hour + 14*time.Hour)
	o.wrongBy = 1 + int64(w.dice(home, "wrong")%60)
	o.bridge = w.bridgeOf(o)
	o.story = w.storyOf(o)
	return o, true
}

// lines looks for the order's forward bills wherever one can stand: in its block,
// in the slot behind it (a conflicting duplicate), on the days and with the
// payees that it spans.
func (w *world) lines(home place) []line {
	days, payees := 1, []*payee{home.payee}
	if from, n, ok := w.span(home); ok && from == home.day {
		days = n
	}
	if m := home.payee.merchant; home.payee == m.payees[0] && !spanning(home) {
		payees = m.payees
	}
	var lines []line
	for day := home.day; day < home.day+schema.Day(days); day++ {
		for _, one := range payees {
			end := min(blockOf(home.slot)+blockSize+1, w.count(one, day))
			for slot := blockOf(home.slot); slot < end; slot++ {
				at := place{one, day, slot}
				if w.planted(at) == repeated {
					continue
				}
				if b := w.bill(at); b.home == home && b.SettleType == forward {
					lines = append(lines, line{at, b})
				}
			}
		}
	}
	return lines
}

func (w *world) bridgeOf(o *order) bridge {
	way := bridges[o.home.payee.merchant.index%dozen]
	if way == mixed {
		way = bridge(w.dice(o.home, "bridge") % 3)
	}
	if w.healthy && (way == noBridge || way == byExternal && o.external == "") {
		return byOrder
	}
	return way
}

// settlements returns what the trade system knows of the order at the time.
func (w *world) settlements(o *order, at time.Time) []settlement {
	list := o.phase(at).settle(o)
	for i := range list {
		w.name(&list[i], o, i)
	}
	return list
}

// name gives a settlement its ids and its look.
func (w *world) name(s *settlement, o *order, number int) {
	s.look = w.dice(o.home, "look") + uint64(number)
	s.settleID, s.outSettleNo = tradePrefix+w.id(o.home, idSettle+number), outSettlePrefix+w.id(o.home, idOutSettle+number)
	if s.look%3 == 0 {
		s.settleID = w.id(o.home, idSettle+number)
	}
	if s.look%4 == 0 { // shared out by the platform itself
		s.outSettleNo = s.settleID
	}
	if s.orderID = o.shop; o.bridge == byExternal || o.shop == "" {
		s.orderID = tradePrefix + w.id(o.home, idTrade)
	}
	if o.bridge == byExternal || o.bridge == byBoth {
		s.outOrderNo = o.external
	}
	if s.time == 0 && s.final() {
		s.time = o.settleTime(s, number)
	}
}

// settleTime is late in the evening, in milliseconds.
func (o *order) settleTime(s *settlement, number int) int64 {
	day := s.day
	if day == 0 {
		day = o.shared
	}
	return day.Start().Add(23*time.Hour+time.Duration(number)*time.Minute).UnixMilli() + int64(o.home.slot%1000)
}

// query returns the settlements whose field of that name has the value, and
// nothing where there is none.
func (w *world) query(parameter, value string, at time.Time) []settlement {
	home, ok := w.read(value)
	if !ok {
		return nil
	}
	o, ok := w.order(home)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(w.settlements(o, at), func(s settlement) bool { return s.field(parameter) != value })
}

// read returns the home of the order that the id is of, whichever kind it is.
func (w *world) read(id string) (place, bool) {
	for _, prefix := range []string{externalPrefix, outSettlePrefix, tradePrefix} {
		id = strings.TrimPrefix(id, prefix)
	}
	_, number, day, slot, ok := readID(w.seed, id)
	if !ok || number/mostPayees >= len(w.merchants) {
		return place{}, false
	}
	m := w.merchants[number/mostPayees]
	if number%mostPayees >= len(m.payees) {
		return place{}, false
	}
	return place{m.payees[number%mostPayees], schema.Day(day), slot}, true
}
