package sandbox

import (
	"slices"

	"billwalk/schema"
)

// What a right reconciliation says of a group, and by what it was matched.
const (
	matched       = "matched"
	mismatched    = "mismatched"
	billOnly      = "bill_only"
	pending       = "pending"
	failed        = "failed"
	notApplicable = "not_applicable"

	settlementOnly = "settlement_only"

	perItem   = "item"
	perOrder  = "order"
	perWindow = "order_window"
	perAmount = "amount"
)

type outcome struct{ verdict, matchedBy string }

// group is what reconciliation looks at by itself: the order's bills of one day
// and one walked account, or those of one item where settlements name items.
type group struct {
	day   schema.Day
	item  string
	whole bool // all lines of the order were walked, this group's and the others'
	own   bool // no settlement is counted to the day that is of another day
}

// A story is one way in which an order is shared out. Its verdicts are known
// because its settlements are made from the bills to deserve them.
type story struct {
	name   string
	weight int  // among the stories that fit an order: high where few fit
	sound  bool // also in a healthy world
	fits   func(*order) bool
	phases []phase
}

// phase is a story as it stands from some time on: the first one at once, the
// second one some days after the order's last bill.
type phase struct {
	settle func(*order) []settlement
	judge  func(*order, group) outcome
}

var stories = []story{
	{"whole", 60, true, clean, once(single(exact), byWhole)},
	{"by bill", 6, true, several, once(eachLine, always(matched, perOrder))},
	{"split", 4, true, narrow, once(inHalves, always(matched, perOrder))},
	{"items", 6, true, narrow, once(eachItem, always(matched, perItem))},
	{"item and rest", 3, true, items, once(itemAndRest, byItem(outcome{matched, perItem}, outcome{matched, perOrder}))},
	{"unreadable detail", 1, false, narrow, once(single(exact, illegible), always(matched, perOrder))},
	{"identity broken", 1, false, identifiable, once(single(exact, unidentical), byFee)},

	{"total off", 1, false, clean, once(single(exact, wrong(legTotal)), always(mismatched, ""))},
	{"fee off", 1, false, tells(legFee), once(single(exact, wrong(legFee)), always(mismatched, ""))},
	{"commission off", 1, false, tells(legCommission), once(single(exact, wrong(legCommission)), always(mismatched, ""))},
	{"net off", 1, false, narrow, once(single(exact, wrong(legNet)), always(mismatched, ""))},
	{"settled twice", 1, false, paid, once(twice, always(mismatched, ""))},
	{"item off", 1, false, items, once(itemOff, byItem(outcome{matched, perItem}, outcome{mismatched, ""}))},
	{"reversed bill", 40, false, reversible, once(single(unsigned), always(mismatched, ""))},

	{"failed", 1, false, clean, once(single(exact, failing), always(failed, ""))},
	{"failed, then whole", 1, false, narrow, once(failedThenWhole, always(matched, perOrder))},
	{"partly failed", 2, false, partible, once(partly(failing), byFirstLine(outcome{failed, ""}))},
	{"item failed", 1, false, items, once(itemFailed, byItem(outcome{matched, perItem}, outcome{failed, ""}))},
	{"initial", 1, false, clean, once(single(exact, waiting(statusInit)), always(pending, ""))},
	{"processing", 1, false, clean, once(single(exact, waiting(statusProcessing)), always(pending, ""))},
	{"unknown status", 1, false, clean, once(single(exact, waiting(statusUnknown)), always(pending, ""))},
	{"partly processing", 2, false, partible, once(partly(waiting(statusProcessing)), byFirstLine(outcome{pending, ""}))},
	{"untold", 1, false, anything, once(nothing, always(billOnly, ""))},

	{"late", 2, false, clean, turning(nothing, always(billOnly, ""), single(exact, lately), byWhole)},
	{"late after processing", 2, false, clean, turning(single(exact, waiting(statusProcessing)), always(pending, ""), single(exact, lately), byWhole)},
	{"late after failure", 1, false, narrow, turning(single(exact, failing), always(failed, ""), failedThenLate, always(matched, perOrder))},

	{"each day", 25, false, oneADay, once(eachDay, byDay)},
	{"one day off", 15, false, oneADay, once(lastDayOff, byDayButLast)},
	{"one to one", 20, false, twoDays, once(oneToOne, firstDayByAmount(mismatched))},
	{"one to one, then processing", 10, false, twoDays, once(oneAndProcessing, firstDayByAmount(pending))},
}

func once(settle func(*order) []settlement, judge func(*order, group) outcome) []phase {
	return []phase{{settle, judge}}
}

func turning(settle func(*order) []settlement, judge func(*order, group) outcome, settleLate func(*order) []settlement, judgeLate func(*order, group) outcome) []phase {
	return []phase{{settle, judge}, {settleLate, judgeLate}}
}

var untold = &stories[slices.IndexFunc(stories, func(s story) bool { return s.name == "untold" })]

// storyOf deals the order one of the stories that fit it.
func (w *world) storyOf(o *order) *story {
	if !o.reachable() {
		return untold
	}
	var fitting []*story
	weights := 0
	for i := range stories {
		if one := &stories[i]; (one.sound || !w.healthy) && one.fits(o) {
			fitting, weights = append(fitting, one), weights+one.weight
		}
	}
	roll := int(w.dice(o.home, "story") % uint64(max(1, weights)))
	for _, one := range fitting {
		if roll -= one.weight; roll < 0 {
			return one
		}
	}
	return untold
}

// What stories ask of an order.

func anything(*order) bool { return true }

// narrow orders have their lines with one payee on one day: one group, or one an item.
func narrow(o *order) bool {
	first := o.lines[0].at
	return !slices.ContainsFunc(o.lines, func(l line) bool {
		return l.at.day != first.day || l.at.payee != first.payee || l.direction < 0
	})
}

// clean orders are narrow, or every line of them is of some weight: then no
// settlement agrees by accident with a part of the lines.
func clean(o *order) bool {
	return narrow(o) || !slices.ContainsFunc(o.lines, func(l line) bool { return l.legs().fen[legTotal] < leastApart })
}

// leastApart is more than any settlement is wrong by, in fen.
const leastApart = 100

func several(o *order) bool { return narrow(o) && len(o.lines) > 1 }

func items(o *order) bool { return narrow(o) && len(byItems(o.lines)) > 1 }

func paid(o *order) bool { return narrow(o) && sum(o.lines).fen[legTotal] > 0 }

// partible orders miss something when all lines but the first are left out.
func partible(o *order) bool { return several(o) && sum(o.lines[1:]).fen[legTotal] > 0 }

func tells(leg int) func(*order) bool {
	return func(o *order) bool { return narrow(o) && sum(o.lines).told[leg] }
}

func identifiable(o *order) bool { return narrow(o) && whole(o.lines).told[legCommission] }

// reversible orders have a line whose funds flow against its type.
func reversible(o *order) bool {
	first := o.lines[0].at
	signed, size, light, wide := int64(0), int64(0), false, false
	for _, l := range o.lines {
		fen := l.legs().fen[legTotal]
		signed, size = signed+fen, size+max(fen, -fen)
		light = light || max(fen, -fen) < leastApart
		wide = wide || l.at.day != first.day || l.at.payee != first.payee
	}
	return signed != size && !(wide && light)
}

// oneADay orders have several days, one payee, and a line a day, no two alike.
func oneADay(o *order) bool {
	days := o.days()
	if len(days) < 2 || len(days) != len(o.lines) || !clean(o) {
		return false
	}
	totals := make([]int64, 0, len(o.lines))
	for _, l := range o.lines {
		totals = append(totals, l.legs().fen[legTotal])
	}
	slices.Sort(totals)
	for i := range totals[1:] {
		if totals[i+1]-totals[i] < leastApart {
			return false
		}
	}
	return true
}

func twoDays(o *order) bool { return oneADay(o) && len(o.lines) == 2 }

// How stories are judged.

func always(verdict, matchedBy string) func(*order, group) outcome {
	return func(*order, group) outcome { return outcome{verdict, matchedBy} }
}

// byWhole judges one settlement over all lines: it agrees with nothing less.
func byWhole(o *order, g group) outcome {
	switch {
	case !g.whole:
		return outcome{mismatched, ""}
	case len(o.days()) > 1:
		return outcome{matched, perWindow}
	}
	return outcome{matched, perOrder}
}

// byItem judges the first item apart from the rest.
func byItem(first, rest outcome) func(*order, group) outcome {
	return func(o *order, g group) outcome {
		if g.item == o.lines[0].ItemOrderID {
			return first
		}
		return rest
	}
}

// byFirstLine judges the first line apart from the rest where its item is named
// and has no other line.
func byFirstLine(rest outcome) func(*order, group) outcome {
	return func(o *order, g group) outcome {
		if g.item == o.lines[0].ItemOrderID && len(byItems(o.lines)[0]) == 1 {
			return outcome{matched, perItem}
		}
		return rest
	}
}

// byFee judges settlements whose rake is wrong: only bills that tell the fee disagree.
func byFee(o *order, _ group) outcome {
	if sum(o.lines).told[legFee] {
		return outcome{mismatched, ""}
	}
	return outcome{matched, perOrder}
}

// byDay judges a settlement for each day: settlements of days that were not
// walked are counted to a neighbour, and spoil it.
func byDay(_ *order, g group) outcome {
	if !g.own {
		return outcome{mismatched, ""}
	}
	return outcome{matched, perOrder}
}

func byDayButLast(o *order, g group) outcome {
	if g.day == o.lastDay() {
		return outcome{mismatched, ""}
	}
	return byDay(o, g)
}

// firstDayByAmount judges an order whose first day has a settlement of its very
// amount that is counted to the second day.
func firstDayByAmount(second string) func(*order, group) outcome {
	return func(o *order, g group) outcome {
		if g.whole && g.day != o.lastDay() {
			return outcome{matched, perAmount}
		}
		return outcome{second, ""}
	}
}
