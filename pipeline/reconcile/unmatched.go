package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"billwalk/schema"
)

// BillRemoved returns the groups of settlements that were published on the day and
// whose order has lost its last bill since. They are as of Unmatched, but with the
// reason bill_removed, which is also in their keys.
func BillRemoved(day schema.Day, settlements []schema.Settlement) ([]schema.Reconciliation, error) {
	rows, err := Unmatched(day, settlements)
	for i := range rows {
		rows[i].GroupKey += "#" + schema.ReasonBillRemoved
		rows[i].Reasons = []string{schema.ReasonBillRemoved}
	}
	for i := range settlements {
		settlements[i].GroupKey.V += "#" + schema.ReasonBillRemoved
	}
	return rows, err
}

// Unmatched returns the groups of the day's settlements without a bill: one group per
// order and item, of no account, sorted by group_key. It sets the group of each settlement. If a sum overflows int64 the
// error is schema.ErrOverflow and names the group.
func Unmatched(day schema.Day, settlements []schema.Settlement) ([]schema.Reconciliation, error) {
	type keyed struct {
		settlement
		key string
	}
	all := make([]keyed, len(settlements))
	for i := range settlements {
		s := newSettlement(&settlements[i])
		all[i] = keyed{s, s.unmatchedKey()}
		settlements[i].WalkAccountID, settlements[i].GroupKey = schema.Some(schema.NoAccount), schema.Some(all[i].key)
	}
	slices.SortFunc(all, func(a, b keyed) int {
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

// unmatchedKey returns the group_key of a settlement without a bill: its order, else
// "settlement:" + settle_id, with /item if it has one.
func (s *settlement) unmatchedKey() string {
	key := id(s.OrderID)
	if key == "" {
		key = "settlement:" + s.SettleID
	}
	if s.item != "" {
		key += "/" + s.item
	}
	return key
}
