package sandbox

import (
	"slices"

	"billwalk/schema"
)

type outcome struct{ verdict, matchedBy string }

// group is a group of reconciliation: the order's bills of one day and one walked
// account, or those of one item if settlements name items.
type group struct {
	day     schema.Day
	item    string
	whole   bool // all lines of the order were walked, in this group and the others
	ownOnly bool // the day has no settlement of another day
}

// story is one way in which an order is settled. Its verdicts are known, because its
// settlements are made from the bills to get them.
type story struct {
	name    string
	weight  int  // among the stories that fit an order: high where few fit
	healthy bool // also in a healthy world
	fits    func(*order) bool
	phases  []phase
}

// phase is a story from some time on: the first phase immediately, the second some
// days after the order's last bill.
type phase struct {
	settle func(*order) []settlement
	judge  func(*order, group) outcome
}

var stories = []story{
	{"whole", 60, true, unambiguous, onePhase(single(exact), byWhole)},
	{"by bill", 6, true, severalLines, onePhase(eachLine, always(matched, perOrder))},
	{"split", 4, true, onePayeeAndDay, onePhase(inTwoHalves, always(matched, perOrder))},
	{"items", 6, true, onePayeeAndDay, onePhase(eachItem, always(matched, perItem))},
	{"item and rest", 3, true, severalItems, onePhase(itemAndRest, byItem(outcome{matched, perItem}, outcome{matched, perOrder}))},
	{"unreadable detail", 1, false, onePayeeAndDay, onePhase(single(exact, withUnreadableDetail), always(matched, perOrder))},
	{"identity broken", 1, false, commissionShown, onePhase(single(exact, withBrokenIdentity), byFee)},

	{"total off", 1, false, unambiguous, onePhase(single(exact, withWrongLeg(legTotal)), always(mismatched, ""))},
	{"fee off", 1, false, shows(legFee), onePhase(single(exact, withWrongLeg(legFee)), always(mismatched, ""))},
	{"commission off", 1, false, shows(legCommission), onePhase(single(exact, withWrongLeg(legCommission)), always(mismatched, ""))},
	{"net off", 1, false, onePayeeAndDay, onePhase(single(exact, withWrongLeg(legNet)), always(mismatched, ""))},
	{"settled twice", 1, false, positiveTotal, onePhase(twice, always(mismatched, ""))},
	{"item off", 1, false, severalItems, onePhase(itemAndWrongRest, byItem(outcome{matched, perItem}, outcome{mismatched, ""}))},
	{"reversed bill", 40, false, hasReversedLine, onePhase(single(absolute), always(mismatched, ""))},

	{"failed", 1, false, unambiguous, onePhase(single(exact, inFailed), always(failed, ""))},
	{"failed, then whole", 1, false, onePayeeAndDay, onePhase(failedThenWhole, always(matched, perOrder))},
	{"partly failed", 2, false, positiveRest, onePhase(firstLineAndRest(inFailed), byFirstLine(outcome{failed, ""}))},
	{"item failed", 1, false, severalItems, onePhase(itemAndFailedRest, byItem(outcome{matched, perItem}, outcome{failed, ""}))},
	{"initial", 1, false, unambiguous, onePhase(single(exact, inStatus(statusInit)), always(pending, ""))},
	{"processing", 1, false, unambiguous, onePhase(single(exact, inStatus(statusProcessing)), always(pending, ""))},
	{"unknown status", 1, false, unambiguous, onePhase(single(exact, inStatus(statusUnknown)), always(pending, ""))},
	{"partly processing", 2, false, positiveRest, onePhase(firstLineAndRest(inStatus(statusProcessing)), byFirstLine(outcome{pending, ""}))},
	{"untold", 1, false, anything, onePhase(noSettlement, always(billOnly, ""))},

	{"late", 2, false, unambiguous, twoPhases(noSettlement, always(billOnly, ""), single(exact, settledLate), byWhole)},
	{"late after processing", 2, false, unambiguous, twoPhases(single(exact, inStatus(statusProcessing)), always(pending, ""), single(exact, settledLate), byWhole)},
	{"late after failure", 1, false, onePayeeAndDay, twoPhases(single(exact, inFailed), always(failed, ""), failedThenLate, always(matched, perOrder))},

	{"each day", 25, false, oneLinePerDay, onePhase(eachDay, byDay)},
	{"one day off", 15, false, oneLinePerDay, onePhase(eachDayLastWrong, byDayButLast)},
	{"one to one", 20, false, twoDays, onePhase(oneToOne, firstDayByAmount(mismatched))},
	{"one to one, then processing", 10, false, twoDays, onePhase(oneAndProcessing, firstDayByAmount(pending))},
}

func onePhase(settle func(*order) []settlement, judge func(*order, group) outcome) []phase {
	return []phase{{settle, judge}}
}

func twoPhases(settle func(*order) []settlement, judge func(*order, group) outcome, settleLate func(*order) []settlement, judgeLate func(*order, group) outcome) []phase {
	return []phase{{settle, judge}, {settleLate, judgeLate}}
}

var notSettled = &stories[slices.IndexFunc(stories, func(s story) bool { return s.name == "untold" })]

// storyOf returns one of the stories that fit the order.
func (w *world) storyOf(o *order) *story {
	if !o.findable() {
		return notSettled
	}
	var fitting []*story
	weights := 0
	for i := range stories {
		if s := &stories[i]; (s.healthy || !w.healthy) && s.fits(o) {
			fitting, weights = append(fitting, s), weights+s.weight
		}
	}
	roll := int(w.dice(o.origin, "story") % uint64(max(1, weights)))
	for _, s := range fitting {
		if roll -= s.weight; roll < 0 {
			return s
		}
	}
	return notSettled
}

// The conditions of stories.

func anything(*order) bool { return true }

// onePayeeAndDay: such an order is one group, or one group for each item.
func onePayeeAndDay(o *order) bool {
	first := o.lines[0].at
	return !slices.ContainsFunc(o.lines, func(l line) bool {
		return l.at.day != first.day || l.at.payee != first.payee || l.direction < 0
	})
}

// unambiguous: no settlement agrees by accident with a part of the lines, because there
// is one group only, or because no line is too small.
func unambiguous(o *order) bool {
	return onePayeeAndDay(o) || !slices.ContainsFunc(o.lines, func(l line) bool { return l.legs().fen[legTotal] < minApart })
}

// minApart is more than the error of any wrong settlement, in fen.
const minApart = 100

func severalLines(o *order) bool { return onePayeeAndDay(o) && len(o.lines) > 1 }

func severalItems(o *order) bool { return onePayeeAndDay(o) && len(splitByItem(o.lines)) > 1 }

func positiveTotal(o *order) bool { return onePayeeAndDay(o) && sum(o.lines).fen[legTotal] > 0 }

// positiveRest: all lines but the first add up to more than 0.
func positiveRest(o *order) bool { return severalLines(o) && sum(o.lines[1:]).fen[legTotal] > 0 }

func shows(leg int) func(*order) bool {
	return func(o *order) bool { return onePayeeAndDay(o) && sum(o.lines).shown[leg] }
}

func commissionShown(o *order) bool {
	return onePayeeAndDay(o) && settleLines(o.lines).shown[legCommission]
}

// hasReversedLine: the funds of some line flow against its type.
func hasReversedLine(o *order) bool {
	first := o.lines[0].at
	signed, size, light, wide := int64(0), int64(0), false, false
	for _, l := range o.lines {
		fen := l.legs().fen[legTotal]
		signed, size = signed+fen, size+max(fen, -fen)
		light = light || max(fen, -fen) < minApart
		wide = wide || l.at.day != first.day || l.at.payee != first.payee
	}
	return signed != size && !(wide && light)
}

// oneLinePerDay: the order has several days with one line each, with different totals.
func oneLinePerDay(o *order) bool {
	days := o.days()
	if len(days) < 2 || len(days) != len(o.lines) || !unambiguous(o) {
		return false
	}
	totals := make([]int64, 0, len(o.lines))
	for _, l := range o.lines {
		totals = append(totals, l.legs().fen[legTotal])
	}
	slices.Sort(totals)
	for i := range totals[1:] {
		if totals[i+1]-totals[i] < minApart {
			return false
		}
	}
	return true
}

func twoDays(o *order) bool { return oneLinePerDay(o) && len(o.lines) == 2 }

// The verdicts of stories.

func always(verdict, matchedBy string) func(*order, group) outcome {
	return func(*order, group) outcome { return outcome{verdict, matchedBy} }
}

// byWhole judges one settlement of all lines, which agrees with nothing less.
func byWhole(o *order, g group) outcome {
	switch {
	case !g.whole:
		return outcome{mismatched, ""}
	case len(o.days()) > 1:
		return outcome{matched, perWindow}
	}
	return outcome{matched, perOrder}
}

// byItem judges the first item and the rest.
func byItem(first, rest outcome) func(*order, group) outcome {
	return func(o *order, g group) outcome {
		if g.item == o.lines[0].ItemOrderID {
			return first
		}
		return rest
	}
}

// byFirstLine judges the first line separately, if its item is named and has no other
// line.
func byFirstLine(rest outcome) func(*order, group) outcome {
	return func(o *order, g group) outcome {
		if g.item == o.lines[0].ItemOrderID && len(splitByItem(o.lines)[0]) == 1 {
			return outcome{matched, perItem}
		}
		return rest
	}
}

// byFee judges settlements with a wrong rake: only bills that show the fee disagree.
func byFee(o *order, _ group) outcome {
	if sum(o.lines).shown[legFee] {
		return outcome{mismatched, ""}
	}
	return outcome{matched, perOrder}
}

// byDay judges one settlement for each day. A settlement of a day that was not walked
// counts on another day, which then is mismatched.
func byDay(_ *order, g group) outcome {
	if !g.ownOnly {
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

// firstDayByAmount judges an order whose first day agrees with a settlement that counts
// on the second day.
func firstDayByAmount(second string) func(*order, group) outcome {
	return func(o *order, g group) outcome {
		if g.whole && g.day != o.lastDay() {
			return outcome{matched, perAmount}
		}
		return outcome{second, ""}
	}
}
