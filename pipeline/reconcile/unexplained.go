package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"billwalk/schema"
)

// Removed returns the groups of settlements whose order had its last bill removed
// since they were published on the day: they are Unexplained, with a reason and
// keys of their own.
func Removed(day schema.Day, settlements []schema.Settlement) ([]schema.Reconciliation, error) {
	rows, err := Unexplained(day, settlements)
	for i := range rows {
		rows[i].GroupKey += "#" + schema.ReasonBillRemoved
		rows[i].Reasons = []string{schema.ReasonBillRemoved}
	}
	return rows, err
}

// Unexplained returns the groups of settlements that no bill explains, all of
// them standing on the day: one group per order and item, of no account, by
// group_key. It returns ErrOverflow, naming the group, where a sum would leave
// int64.
func Unexplained(day schema.Day, settlements []schema.Settlement) ([]schema.Reconciliation, error) {
	type lone struct {
		settlement
		key string
	}
	all := make([]lone, len(settlements))
	for i := range settlements {
		s := newSettlement(&settlements[i])
		all[i] = lone{s, s.loneKey()}
	}
	slices.SortFunc(all, func(a, b lone) int {
		return cmp.Or(cmp.Compare(a.key, b.key), a.compare(&b.settlement))
	})
	var rows []schema.Reconciliation
	var settled tally
	for i := range all {
		s := &all[i]
		if i == 0 || s.key != all[i-1].key {
			rows = append(rows, schema.Reconciliation{
				GroupKey: s.key, ShopOrderID: nullID(id(s.OrderID)), ItemOrderID: nullID(s.item), Verdict: schema.SettlementOnly,
				Reasons: []string{schema.ReasonUnmatched},
			})
			settled = tally{}
		}
		row := &rows[len(rows)-1]
		addSettlement(row, &s.settlement)
		if err := settled.addSettlement(&s.settlement); err != nil {
			return nil, fmt.Errorf("group %s, settlement_only on %s: %w", s.key, day, err)
		}
		row.Settled = settled.sum
	}
	return rows, nil
}

// loneKey returns the key of the group of a settlement that no bill explains: its
// order, else "settlement:" + settle_id; and its item.
func (s *settlement) loneKey() string {
	key := id(s.OrderID)
	if key == "" {
		key = "settlement:" + s.SettleID
	}
	if s.item != "" {
		key += "/" + s.item
	}
	return key
}
