package report

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// suspect is the group of a bill or settlement with an exception: the first of both keys that
// is one. A bill is in the group of its item if there is one, else in that of its order.
type suspect struct {
	groups [2]uint64
	rule   schema.Rule
}

func groupHash(day schema.Day, account schema.AccountID, key string) uint64 {
	return maphash.Comparable(hashSeed, groupName{day, account, key})
}

type groupName struct {
	day     schema.Day
	account schema.AccountID
	key     string
}

// suspectBill notes the group of a forward bill that exceptions name.
func (f *found) suspectBill(b *schema.Bill, rules []schema.Rule) {
	order := schema.OrderKey(b.ShopOrderID.V, b.OrderExtID.V)
	if order == "" || b.SettleType != forward {
		return
	}
	s := suspect{groups: [2]uint64{1: groupHash(f.part.day, b.WalkAccountID, order)}}
	if b.ItemOrderID.V != "" {
		s.groups[0] = groupHash(f.part.day, b.WalkAccountID, order+"/"+b.ItemOrderID.V)
	}
	for _, s.rule = range rules {
		f.suspects = append(f.suspects, s)
	}
}

// suspectSettlements notes the groups of the settlements that exceptions name.
func (f *found) suspectSettlements(ctx context.Context, l *loader, rules map[string][]schema.Rule) error {
	if len(rules) == 0 {
		return nil
	}
	for s, err := range rows[schema.Settlement](ctx, l, &schema.Settlements, f.part, "settle_id", "walk_account_id", "group_key") {
		if err != nil {
			return err
		}
		for _, rule := range rules[s.SettleID] {
			f.suspects = append(f.suspects, suspect{[2]uint64{1: groupHash(f.part.day, s.WalkAccountID.V, s.GroupKey.V)}, rule})
		}
	}
	return nil
}

// suspectedGroup is a group that a suspect may be, whatever its verdict.
type suspectedGroup struct {
	hash    uint64
	matched bool
	Doubt
}

// fillDoubts finds which suspects are matched groups, and adds them up by unit.
func (l *loader) fillDoubts(ctx context.Context, r *Report, t *tables) error {
	r.Doubts = []Doubt{}
	if len(t.suspects) == 0 {
		return nil
	}
	groups := make(map[uint64]*suspectedGroup)
	for _, s := range t.suspects {
		groups[s.groups[0]], groups[s.groups[1]] = nil, nil
	}
	read := func(ctx context.Context, p part) ([]suspectedGroup, error) { return l.readSuspected(ctx, p, groups) }
	err := inOrder(ctx, l.parts, read, func(found []suspectedGroup) error {
		for i := range found {
			groups[found[i].hash] = &found[i]
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range t.suspects {
		g := cmp.Or(groups[s.groups[0]], groups[s.groups[1]])
		if g == nil || !g.matched {
			continue
		}
		if len(g.Rules) == 0 {
			unit := &t.units[unitKey{g.Day, g.Account}].doubtful
			unit.Groups++
			t.adder.add(&unit.Billed, g.Billed.V)
			t.adder.add(&unit.Settled, g.Settled.V)
		}
		if !slices.Contains(g.Rules, s.rule) {
			g.Rules = append(g.Rules, s.rule)
		}
	}
	for _, g := range groups {
		if g != nil && len(g.Rules) > 0 {
			slices.Sort(g.Rules)
			r.Doubts = append(r.Doubts, g.Doubt)
		}
	}
	slices.SortFunc(r.Doubts, func(a, b Doubt) int {
		return cmp.Or(cmp.Compare(magnitude(b.Billed.V), magnitude(a.Billed.V)), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Key, b.Key))
	})
	r.Doubts = r.Doubts[:min(len(r.Doubts), MaxDoubts)]
	return t.err
}

// readSuspected reads the groups that suspects may be.
func (l *loader) readSuspected(ctx context.Context, p part, wanted map[uint64]*suspectedGroup) (found []suspectedGroup, err error) {
	for r, err := range rows[schema.Reconciliation](ctx, l, &schema.Reconciliations, p, "walk_account_id", "group_key", "verdict", "billed_total_fen", "settled_total_fen") {
		if err != nil {
			return nil, err
		}
		hash := groupHash(p.day, r.WalkAccountID, r.GroupKey)
		if _, ok := wanted[hash]; ok && l.accounts[r.WalkAccountID] {
			found = append(found, suspectedGroup{hash, r.Verdict == schema.Matched, Doubt{
				Day: p.day, Account: r.WalkAccountID, Key: r.GroupKey, Billed: Amount(r.Billed[schema.LegTotal]), Settled: Amount(r.Settled[schema.LegTotal]),
			}})
		}
	}
	return found, nil
}
