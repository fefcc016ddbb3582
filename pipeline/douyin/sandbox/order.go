package sandbox

import (
	"slices"
	"strings"
	"time"

	"billwalk/schema"
)

// order is an order of the trade system: its bills, and how they are settled. It
// follows from its origin.
type order struct {
	origin   place
	lines    []line // its forward bills, by day, payee and slot; at least one
	shop     string // shop_order_id, "" for few
	external string // order_ext_id, "" for some
	link     link
	story    *story
	sharedOn schema.Day // the day of its settlements, unless its story has another
	lateAt   time.Time  // the start of the story's second phase
	errorFen int64      // the error of wrong settlements, less than minApart
}

// line is one forward bill of an order.
type line struct {
	at place
	bill
}

// link says by which ids the bills' order can be queried.
type link int

const (
	byOrder    link = iota // order_id is the shop order's
	byExternal             // order_id is of another space, out_order_no is the order_ext_id
	byBoth                 // either finds it
	noLink                 // the trade system is another's: it knows nothing
	mixedLinks             // one of the first three, order by order
)

// linksOfMerchants are the merchants' links, by the index in the dozen.
var linksOfMerchants = [dozen]link{
	byOrder, byExternal, byBoth, mixedLinks, byExternal, byOrder, mixedLinks, byOrder, byOrder, noLink, mixedLinks, byExternal,
}

// findable reports whether a settle query with an id of the bills finds the order.
func (o *order) findable() bool {
	byShop := o.shop != "" && (o.link == byOrder || o.link == byBoth)
	return byShop || o.external != "" && (o.link == byExternal || o.link == byBoth)
}

// days returns the days of the order's lines, in order.
func (o *order) days() []schema.Day {
	days := make([]schema.Day, 0, len(o.lines))
	for _, l := range o.lines {
		days = append(days, l.at.day)
	}
	return slices.Compact(days)
}

func (o *order) lastDay() schema.Day { return o.lines[len(o.lines)-1].at.day }

// phase returns the phase of the order's story at the time.
func (o *order) phase(at time.Time) phase {
	if len(o.story.phases) > 1 && at.Before(o.lateAt) {
		return o.story.phases[0]
	}
	return o.story.phases[len(o.story.phases)-1]
}

// splitByItem splits the lines by item.
func splitByItem(lines []line) [][]line {
	var parts [][]line
	for i := range lines {
		if i > 0 && lines[i].ItemOrderID == lines[i-1].ItemOrderID {
			last := &parts[len(parts)-1]
			*last = append(*last, lines[i])
			continue
		}
		parts = append(parts, lines[i:i+1:i+1])
	}
	return parts
}

// order returns the order with the origin, if it has any bill.
func (w *world) order(origin place) (*order, bool) {
	o := &order{origin: origin, lines: w.lines(origin)}
	if len(o.lines) == 0 {
		return nil, false
	}
	o.shop, o.external = o.lines[0].ShopOrderID, o.lines[0].OrderExtID
	o.sharedOn = o.lastDay()
	if w.dice(origin, "shared")%3 == 0 {
		o.sharedOn++
	}
	o.lateAt = o.lastDay().Start().Add(time.Duration(1+w.dice(origin, "late")%3)*24*time.Hour + 14*time.Hour)
	o.errorFen = 1 + int64(w.dice(origin, "wrong")%60)
	o.link = w.linkOf(o)
	o.story = w.storyOf(o)
	return o, true
}

// lines returns the order's forward bills that count. It searches all places where one can be: the
// order's block, and the days and
// payees that the order spans.
func (w *world) lines(origin place) []line {
	days, payees := 1, []*payee{origin.payee}
	if from, n, ok := w.span(origin); ok && from == origin.day {
		days = n
	}
	if m := origin.payee.merchant; origin.payee == m.payees[0] && !maySpanDays(origin) {
		payees = m.payees
	}
	var lines []line
	for day := origin.day; day < origin.day+schema.Day(days); day++ {
		for _, payee := range payees {
			end := min(firstSlotOfBlock(origin.slot)+blockSize, w.count(payee, day))
			for slot := firstSlotOfBlock(origin.slot); slot < end; slot++ {
				at := place{payee, day, slot}
				if w.planted(at) == repeated {
					continue
				}
				if b := w.bill(at); b.origin == origin && b.SettleType == forward && !b.again {
					lines = append(lines, line{at, b})
				}
			}
		}
	}
	return lines
}

func (w *world) linkOf(o *order) link {
	way := linksOfMerchants[o.origin.payee.merchant.index%dozen]
	if way == mixedLinks {
		way = link(w.dice(o.origin, "bridge") % 3)
	}
	if w.healthy && (way == noLink || way == byExternal && o.external == "") {
		return byOrder
	}
	return way
}

// settlements returns the order's settlements at the time.
func (w *world) settlements(o *order, at time.Time) []settlement {
	list := o.phase(at).settle(o)
	for i := range list {
		w.setNames(&list[i], o, i)
	}
	return list
}

// setNames sets the ids, the variant and the time of the order's nth settlement.
func (w *world) setNames(s *settlement, o *order, number int) {
	s.variant = w.dice(o.origin, "look") + uint64(number)
	s.settleID, s.outSettleNo = tradePrefix+w.id(o.origin, idSettle+number), outSettlePrefix+w.id(o.origin, idOutSettle+number)
	if s.variant%3 == 0 {
		s.settleID = w.id(o.origin, idSettle+number)
	}
	if s.variant%4 == 0 { // settled by the platform itself
		s.outSettleNo = s.settleID
	}
	if s.orderID = o.shop; o.link == byExternal || o.shop == "" {
		s.orderID = tradePrefix + w.id(o.origin, idTrade)
	}
	if o.link == byExternal || o.link == byBoth {
		s.outOrderNo = o.external
	}
	if s.time == 0 && s.final() {
		s.time = o.settleTime(s, number)
	}
}

// settleTime returns a time late in the evening, in milliseconds.
func (o *order) settleTime(s *settlement, number int) int64 {
	day := s.day
	if day == 0 {
		day = o.sharedOn
	}
	return day.Start().Add(23*time.Hour+time.Duration(number)*time.Minute).UnixMilli() + int64(o.origin.slot%1000)
}

// findSettlements returns the settlements that a settle query by the parameter finds at
// the time.
func (w *world) findSettlements(parameter, value string, at time.Time) []settlement {
	origin, ok := w.originOfID(value)
	if !ok {
		return nil
	}
	o, ok := w.order(origin)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(w.settlements(o, at), func(s settlement) bool { return s.field(parameter) != value })
}

// originOfID returns the origin of the order that an id of any kind belongs to.
func (w *world) originOfID(id string) (place, bool) {
	for _, prefix := range []string{externalPrefix, outSettlePrefix, tradePrefix} {
		id = strings.TrimPrefix(id, prefix)
	}
	_, number, day, slot, ok := readID(w.seed, id)
	if !ok || number/maxPayees >= len(w.merchants) {
		return place{}, false
	}
	m := w.merchants[number/maxPayees]
	if number%maxPayees >= len(m.payees) {
		return place{}, false
	}
	return place{m.payees[number%maxPayees], schema.Day(day), slot}, true
}
