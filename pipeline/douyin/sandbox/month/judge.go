package month

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"billwalk/schema"
)

// group is the forward bills of an order that one walk has on one day.
type group struct {
	account schema.AccountID
	day     schema.Day
	bills   []truthBill
	closed  string // by what it was matched
}

// shared is a settlement as it is known, and the group that it counts to.
type shared struct {
	*settlement
	settleVersion
	group  *group
	closed bool
	paired bool
}

// verdict is what is right to say of a group.
type verdict struct{ verdict, matchedBy, reason string }

// judged is an order within the window of a day.
type judged struct {
	groups []*group // by day and account
	shared []*shared
	asked  bool
	joints []joint

	away      bool // a settlement that it was answered with stands on another day, beyond the window
	elsewhere bool // on an earlier one, and has succeeded
}

// joint is a match: by how much each group is settled with more than it is billed for
// in it.
type joint map[*group]legs

func (j joint) add(g *group, l legs, sign int64) { j[g] = j[g].add(l, sign) }

// match closes what agrees: each group by itself, each day, all days together, and
// at last amount by amount.
func (j *judged) match() {
	for _, g := range j.groups {
		j.close("order", func(other *group) bool { return other == g })
	}
	for _, g := range j.groups {
		j.close("order", func(other *group) bool { return other.day == g.day })
	}
	j.close("order_window", func(*group) bool { return true })
	j.pair()
}

// close closes the groups and their settlements if what succeeded is what was
// billed, leg by leg, and nothing is under way.
func (j *judged) close(by string, among func(*group) bool) {
	var sum legs
	bills, paid := 0, 0
	for _, g := range j.groups {
		if g.closed == "" && among(g) {
			for _, b := range g.bills {
				sum, bills = sum.add(b.legs, -1), bills+1
			}
		}
	}
	for _, s := range j.shared {
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
	match := joint{}
	for _, g := range j.groups {
		if g.closed == "" && among(g) {
			g.closed = by
			for _, b := range g.bills {
				match.add(g, b.legs, -1)
			}
		}
	}
	for _, s := range j.shared {
		if !s.closed && among(s.group) {
			s.closed = true
			if s.status == success {
				match.add(s.group, s.legs, 1)
			}
		}
	}
	j.joints = append(j.joints, match)
}

// pair gives each open bill, in order, the first open settlement of its very
// amounts, and closes the groups of which everything open has its pair.
func (j *judged) pair() {
	pairs := map[*group][]*shared{}
	for _, g := range j.groups {
		if g.closed != "" {
			continue
		}
		for _, b := range g.bills {
			at := slices.IndexFunc(j.shared, func(s *shared) bool {
				return !s.closed && !s.paired && s.status == success && s.legs == b.legs
			})
			if at >= 0 {
				j.shared[at].paired = true
				pairs[g] = append(pairs[g], j.shared[at])
				match := joint{}
				match.add(g, b.legs, -1)
				match.add(j.shared[at].group, b.legs, 1)
				j.joints = append(j.joints, match)
			}
		}
	}
	for g, paired := range pairs {
		if len(paired) < len(g.bills) || slices.ContainsFunc(j.shared, func(s *shared) bool {
			return s.group == g && !s.closed && !s.paired && s.status != fail
		}) {
			continue
		}
		g.closed = "amount"
		for _, s := range paired {
			s.closed = true
		}
	}
}

// of returns the verdict on a group.
func (j *judged) of(g *group) verdict {
	var all, own []*shared
	for _, s := range j.shared {
		if !s.closed {
			all = append(all, s)
			if s.group == g {
				own = append(own, s)
			}
		}
	}
	failed := func(s *shared) bool { return s.status == fail }
	underWay := func(s *shared) bool { return s.status != fail && s.status != success }
	if g.closed != "" {
		left := slices.DeleteFunc(own, func(s *shared) bool { return s.paired || failed(s) })
		switch {
		case slices.ContainsFunc(left, underWay):
			return verdict{"pending", "", "settlement_unexplained"}
		case len(left) > 0:
			return verdict{"mismatched", "", "settlement_unexplained"}
		}
		return verdict{"matched", g.closed, j.offsets(g)}
	}
	if len(own) == 0 {
		own = all
	}
	switch {
	case len(own) == 0 && j.elsewhere:
		return verdict{"mismatched", "", "settled_elsewhere"}
	case len(own) == 0 && !j.asked && !j.away:
		return verdict{"pending", "", "not_asked"}
	case len(own) == 0:
		return verdict{"bill_only", "", ""}
	case slices.ContainsFunc(all, underWay) && slices.ContainsFunc(own, failed):
		return verdict{"pending", "", "retry_in_flight"}
	case slices.ContainsFunc(all, underWay):
		return verdict{"pending", "", ""}
	case slices.ContainsFunc(own, failed):
		return verdict{"failed", "", ""}
	}
	if j.elsewhere {
		return verdict{"mismatched", "", "settled_elsewhere"}
	}
	if !slices.ContainsFunc(all, failed) && j.prepaid() {
		return verdict{"mismatched", "", "partly_billed"}
	}
	return verdict{"mismatched", "", ""}
}

// prepaid says that what is open was settled at one time, with more than was billed,
// and in nothing with less.
func (j *judged) prepaid() bool {
	var sum legs
	times := 0
	for _, g := range j.groups {
		for _, b := range g.bills {
			if g.closed == "" {
				sum = sum.add(b.legs, -1)
			}
		}
	}
	for _, s := range j.shared {
		if !s.closed && s.status == success {
			sum, times = sum.add(s.legs, 1), times+1
		}
	}
	return times == 1 && sum[0] > 0 && slices.Min(sum[:]) >= 0
}

// offsets returns what takes back a difference of a group that matches: the other
// groups that differ in a match that it differs in.
func (j *judged) offsets(g *group) string {
	own := joint{}
	for _, b := range g.bills {
		own.add(g, b.legs, -1)
	}
	for _, s := range j.shared {
		if s.group == g && s.status == success {
			own.add(g, s.legs, 1)
		}
	}
	if own[g] == (legs{}) {
		return ""
	}
	var names []string
	for _, match := range j.joints {
		for other, l := range match {
			if match[g] != (legs{}) && other != g && l != (legs{}) {
				names = append(names, fmt.Sprintf("offset_by:%s/%s", other.day, other.account))
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "+")
}

func (j *judged) sort() {
	slices.SortFunc(j.groups, func(a, b *group) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.account, b.account)) })
	slices.SortFunc(j.shared, func(a, b *shared) int { return cmp.Compare(a.id, b.id) })
}
