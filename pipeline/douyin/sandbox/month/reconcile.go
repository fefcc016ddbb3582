package month

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"billwalk/schema"
)

// group is the forward bills of an order in one walk of one day.
type group struct {
	account   schema.AccountID
	day       schema.Day
	bills     []truthBill
	matchedBy string // how it was matched, or ""
}

// verdict is the correct result for a group.
type verdict struct{ verdict, matchedBy, reason string }

// windowedOrder is an order with the bills and settlements in the window of a day.
type windowedOrder struct {
	groups      []*group // by day and account
	settlements []*countedSettlement
	queried     bool
	matches     []matchSums

	countedFarAway bool // a known settlement counts on a day outside the window
	settledEarlier bool // and one of these has succeeded, on an earlier day
}

// matchSums is a match: for each group, what the match settles less what it bills.
type matchSums map[*group]legs

func (j matchSums) add(g *group, l legs, sign int64) { j[g] = j[g].add(l, sign) }

// match matches what agrees: each group, each day, all days together, and finally amount
// by amount.
func (j *windowedOrder) match() {
	for _, g := range j.groups {
		j.closeGroups("order", func(other *group) bool { return other == g })
	}
	for _, g := range j.groups {
		j.closeGroups("order", func(other *group) bool { return other.day == g.day })
	}
	j.closeGroups("order_window", func(*group) bool { return true })
	j.pairByAmount()
}

// closeGroups matches the open groups among these, and their settlements, if the
// successful settlements equal the bills in every leg, and none is in progress.
func (j *windowedOrder) closeGroups(by string, among func(*group) bool) {
	var sum legs
	bills, paid := 0, 0
	for _, g := range j.groups {
		if g.matchedBy == "" && among(g) {
			for _, b := range g.bills {
				sum, bills = sum.add(b.legs, -1), bills+1
			}
		}
	}
	for _, s := range j.settlements {
		switch {
		case s.closed || !among(s.group):
		case s.status == success:
			sum, paid = sum.add(s.legs, 1), paid+1
		case s.status != fail:
			return
		}
	}
	if bills == 0 || paid == 0 || sum != (legs{}) {
		return
	}
	match := matchSums{}
	for _, g := range j.groups {
		if g.matchedBy == "" && among(g) {
			g.matchedBy = by
			for _, b := range g.bills {
				match.add(g, b.legs, -1)
			}
		}
	}
	for _, s := range j.settlements {
		if !s.closed && among(s.group) {
			s.closed = true
			if s.status == success {
				match.add(s.group, s.legs, 1)
			}
		}
	}
	j.matches = append(j.matches, match)
}

// pairByAmount pairs each open bill, in order, with the first open settlement of the same
// amounts, and matches the groups in which everything open is paired.
func (j *windowedOrder) pairByAmount() {
	pairs := map[*group][]*countedSettlement{}
	for _, g := range j.groups {
		if g.matchedBy != "" {
			continue
		}
		for _, b := range g.bills {
			at := slices.IndexFunc(j.settlements, func(s *countedSettlement) bool {
				return !s.closed && !s.paired && s.status == success && s.legs == b.legs
			})
			if at >= 0 {
				j.settlements[at].paired = true
				pairs[g] = append(pairs[g], j.settlements[at])
				match := matchSums{}
				match.add(g, b.legs, -1)
				match.add(j.settlements[at].group, b.legs, 1)
				j.matches = append(j.matches, match)
			}
		}
	}
	for g, paired := range pairs {
		if len(paired) < len(g.bills) || slices.ContainsFunc(j.settlements, func(s *countedSettlement) bool {
			return s.group == g && !s.closed && !s.paired && s.status != fail
		}) {
			continue
		}
		g.matchedBy = "amount"
		for _, s := range paired {
			s.closed = true
		}
	}
}

// underWay and failed are statuses of a settlement.
func (s *countedSettlement) underWay() bool { return s.status != fail && s.status != success }
func (s *countedSettlement) failed() bool   { return s.status == fail }

// verdictOf returns the verdict on a group.
func (j *windowedOrder) verdictOf(g *group) verdict {
	var all, own []*countedSettlement // open ones
	for _, s := range j.settlements {
		if !s.closed {
			all = append(all, s)
			if s.group == g {
				own = append(own, s)
			}
		}
	}
	if g.matchedBy != "" {
		return j.verdictOfMatched(g, own)
	}
	if len(own) == 0 {
		own = all
	}
	return j.verdictOfOpen(own, all)
}

// verdictOfMatched returns the verdict on a matched group, which may have further open
// settlements.
func (j *windowedOrder) verdictOfMatched(g *group, open []*countedSettlement) verdict {
	left := slices.DeleteFunc(open, func(s *countedSettlement) bool { return s.paired || s.failed() })
	switch {
	case slices.ContainsFunc(left, (*countedSettlement).underWay):
		return verdict{"pending", "", "settlement_unexplained"}
	case len(left) > 0:
		return verdict{"mismatched", "", "settlement_unexplained"}
	}
	return verdict{"matched", g.matchedBy, j.offsets(g)}
}

// verdictOfOpen returns the verdict on an open group, by its open settlements and those of
// the whole order.
func (j *windowedOrder) verdictOfOpen(own, all []*countedSettlement) verdict {
	underWay := slices.ContainsFunc(all, (*countedSettlement).underWay)
	ownFailed := slices.ContainsFunc(own, (*countedSettlement).failed)
	switch {
	case len(own) == 0 && j.settledEarlier:
		return verdict{"mismatched", "", "settled_elsewhere"}
	case len(own) == 0 && !j.queried && !j.countedFarAway:
		return verdict{"pending", "", "not_asked"}
	case len(own) == 0:
		return verdict{"bill_only", "", ""}
	case underWay && ownFailed:
		return verdict{"pending", "", "retry_in_flight"}
	case underWay:
		return verdict{"pending", "", ""}
	case ownFailed:
		return verdict{"failed", "", ""}
	case j.settledEarlier:
		return verdict{"mismatched", "", "settled_elsewhere"}
	case !slices.ContainsFunc(all, (*countedSettlement).failed) && j.prepaid():
		return verdict{"mismatched", "", "partly_billed"}
	}
	return verdict{"mismatched", "", ""}
}

// prepaid reports whether a single settlement covers more than the open bills: more in
// total, and less in no leg.
func (j *windowedOrder) prepaid() bool {
	var sum legs
	times := 0
	for _, g := range j.groups {
		for _, b := range g.bills {
			if g.matchedBy == "" {
				sum = sum.add(b.legs, -1)
			}
		}
	}
	for _, s := range j.settlements {
		if !s.closed && s.status == success {
			sum, times = sum.add(s.legs, 1), times+1
		}
	}
	return times == 1 && sum[0] > 0 && slices.Min(sum[:]) >= 0
}

// offsets returns what compensates the difference of a matched group: the other groups
// that differ in the same match.
func (j *windowedOrder) offsets(g *group) string {
	own := matchSums{}
	for _, b := range g.bills {
		own.add(g, b.legs, -1)
	}
	for _, s := range j.settlements {
		if s.group == g && s.status == success {
			own.add(g, s.legs, 1)
		}
	}
	if own[g] == (legs{}) {
		return ""
	}
	var names []string
	for _, match := range j.matches {
		for other, l := range match {
			if match[g] != (legs{}) && other != g && l != (legs{}) {
				names = append(names, fmt.Sprintf("offset_by:%s/%s", other.day, other.account))
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "+")
}

func (j *windowedOrder) sort() {
	slices.SortFunc(j.groups, func(a, b *group) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.account, b.account)) })
	slices.SortFunc(j.settlements, func(a, b *countedSettlement) int { return cmp.Compare(a.id, b.id) })
}
