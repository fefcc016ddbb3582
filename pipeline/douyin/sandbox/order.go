package sandbox

import (
	"slices"
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
	errorFen int64      // fen that wrong settlements are wrong by, less than leastApart
}

// line is one forward bill of an order.
type line struct {
	at place
	bill
}

// link says by which ids the bills' order can be queried.
type link int

// linksOfMerchants are the merchants' links, by the index in the dozen.
var linksOfMerchants = [dozen]link{
	byOrder, byExternal, byBoth, mixedLinks, byExternal, byOrder, mixedLinks, byOrder, byOrder, noLink, mixedLinks, byExternal,
}

const (
	byOrder    link = iota // order_id is the shop order's
	byExternal             // order_id is of another space, out_order_no is the order_ext_id
	byBoth                 // either finds it
	noLink                 // the trade system is another's: it knows nothing
	mixedLinks             // one of the first three, order by order
)

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

// splitByItem splits the lines by item. The two bills of a duplicate conflict share one.
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
