package month

import (
	"cmp"
	"slices"

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

	away      bool // a settlement that it was answered with stands on another day, beyond the window
	elsewhere bool // on an earlier one, and has succeeded
}

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
	for _, g := range j.groups {
		if g.closed == "" && among(g) {
			g.closed = by
		}
	}
	for _, s := range j.shared {
		s.closed = s.closed || among(s.group)
	}
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
		return verdict{"matched", g.closed, ""}
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
	return verdict{"mismatched", "", ""}
}

func (j *judged) sort() {
	slices.SortFunc(j.groups, func(a, b *group) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.account, b.account)) })
	slices.SortFunc(j.shared, func(a, b *shared) int { return cmp.Compare(a.id, b.id) })
}
