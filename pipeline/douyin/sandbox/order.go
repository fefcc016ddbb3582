package sandbox

import (
	"slices"
	"time"

	"billwalk/schema"
)

// order is what the trade system knows: the bills that belong together, and how
// they are shared out. It follows from its home alone, like everything here.
type order struct {
	home     place
	lines    []line // its forward bills, by day, payee and slot; never none
	shop     string // shop_order_id, "" for few
	external string // order_ext_id, "" for some
	bridge   bridge
	story    *story
	shared   schema.Day // when it is shared out, unless its story says otherwise
	late     time.Time  // when what is late turns
	wrongBy  int64      // fen that wrong settlements are wrong by, less than leastApart
}

// line is one forward bill of an order.
type line struct {
	at place
	bill
}

// bridge is how a settlement names the order that the bills name otherwise.
type bridge int

// bridges of merchants, by their place in the dozen.
var bridges = [dozen]bridge{
	byOrder, byExternal, byBoth, mixed, byExternal, byOrder, mixed, byOrder, byOrder, noBridge, mixed, byExternal,
}

const (
	byOrder    bridge = iota // order_id is the shop order's
	byExternal               // order_id is of another space, out_order_no is the order_ext_id
	byBoth                   // either finds it
	noBridge                 // the trade system is another's: it knows nothing
	mixed                    // one of the first three, order by order
)

// reachable says that some question that the bills can ask finds the order.
func (o *order) reachable() bool {
	byShop := o.shop != "" && (o.bridge == byOrder || o.bridge == byBoth)
	return byShop || o.external != "" && (o.bridge == byExternal || o.bridge == byBoth)
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

// phase returns the order's story as it stands at the time.
func (o *order) phase(at time.Time) phase {
	if len(o.story.phases) > 1 && at.Before(o.late) {
		return o.story.phases[0]
	}
	return o.story.phases[len(o.story.phases)-1]
}

// byItems parts the lines by their item; the two bills of a conflict share one.
func byItems(lines []line) [][]line {
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
