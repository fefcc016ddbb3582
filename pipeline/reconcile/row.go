package reconcile

import (
	"fmt"

	"billwalk/schema"
)

// row tells of a group that has its verdict. A difference is told where the
// leg was compared; a group without a settlement of its own was settled with 0
// there, so that over the days of an order the differences add up.
func (w *window) row(g *group) (schema.Reconciliation, error) {
	row := schema.Reconciliation{
		WalkAccountID: g.account, GroupKey: w.key,
		ShopOrderID: nullID(g.bills[0].ShopOrderID), ItemOrderID: nullID(g.item),
		Verdict: g.verdict, Reasons: g.reasons,
	}
	if g.verdict == schema.Matched {
		row.MatchedBy = schema.Some(g.matchedBy)
	}
	if g.item != "" {
		row.GroupKey += "/" + g.item
	}
	var billed, settled tally
	if err := billed.addBills(g.bills); err != nil {
		return row, err
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.group == g {
			if err := addSettlement(&row, &settled, s); err != nil {
				return row, err
			}
		}
	}
	row.BillRows, row.Billed, row.Settled = billed.rows, billed.sum, settled.sum
	if g.verdict != schema.Matched && g.verdict != schema.Mismatched {
		return row, nil
	}
	for leg := range schema.LegCount {
		if settled.rows == 0 {
			row.Settled[leg] = schema.Some(schema.Fen(0))
		}
		if billed.missing[leg] || settled.missing[leg] {
			continue
		}
		difference, err := row.Settled[leg].V.Sub(row.Billed[leg].V)
		if err != nil {
			return row, fmt.Errorf("difference of %s: %w", leg, err)
		}
		row.Diff[leg] = schema.Some(difference)
	}
	return row, nil
}

// addSettlement tells of a settlement of the group. Amounts count once they are
// successful.
func addSettlement(row *schema.Reconciliation, settled *tally, s *settlement) error {
	row.SettlementRows++
	if at := s.SettleTime; at.Valid {
		if first := row.FirstSettleTime; !first.Valid || at.V.Before(first.V) {
			row.FirstSettleTime = at
		}
		if last := row.LastSettleTime; !last.Valid || at.V.After(last.V) {
			row.LastSettleTime = at
		}
	}
	if s.Status != schema.StatusSuccess {
		return nil
	}
	return settled.add(&s.legs)
}
