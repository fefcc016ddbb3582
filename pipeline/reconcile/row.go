package reconcile

import (
	"slices"

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
	sums, err := w.sums(g)
	if err != nil {
		return row, err
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; s.group == g {
			addSettlement(&row, s)
		}
	}
	row.BillRows, row.Billed, row.Settled = sums.billed.rows, sums.billed.sum, sums.settled.sum
	if g.verdict != schema.Matched && g.verdict != schema.Mismatched {
		return row, nil
	}
	if sums.settled.rows == 0 {
		row.Settled = noMoney
	}
	if row.Diff, err = sums.differences(); err != nil {
		return row, err
	}
	if g.verdict == schema.Matched && sums.differs() {
		offsets, err := w.offsetBy(g)
		if err != nil {
			return row, err
		}
		row.Reasons = slices.Concat(row.Reasons, offsets)
	}
	return row, nil
}

var noMoney = schema.Legs{schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0))}

// addSettlement counts a settlement of the row's group, and notes its time.
func addSettlement(row *schema.Reconciliation, s *settlement) {
	row.SettlementRows++
	if at := s.SettleTime; at.Valid {
		if first := row.FirstSettleTime; !first.Valid || at.V.Before(first.V) {
			row.FirstSettleTime = at
		}
		if last := row.LastSettleTime; !last.Valid || at.V.After(last.V) {
			row.LastSettleTime = at
		}
	}
}
