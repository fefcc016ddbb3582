package reconcile

import (
	"slices"

	"billwalk/schema"
)

// row returns the row of a group that has its verdict. If the group was compared but
// has no settlement of its own, it counts as settled with 0, so that the differences
// over the days of an order add up.
func (w *window) row(g *group) (schema.Reconciliation, error) {
	row := schema.Reconciliation{
		WalkAccountID: g.account, GroupKey: w.groupKey(g),
		ShopOrderID: nullID(g.bills[0].ShopOrderID), ItemOrderID: nullID(g.item),
		Verdict: g.verdict, Reasons: g.reasons,
	}
	if g.verdict == schema.Matched {
		row.MatchedBy = schema.Some(g.matchedBy)
	}
	if g.verdict == schema.Mismatched {
		row.Cause = schema.Some(g.cause)
	}
	sums, err := g.sums()
	if err != nil {
		return row, err
	}
	for _, s := range g.settled {
		addSettlement(&row, s)
	}
	row.BillRows, row.Billed, row.Settled = sums.billed.rows, sums.billed.sum, sums.settled.sum
	if g.verdict != schema.Matched && g.verdict != schema.Mismatched {
		return row, nil
	}
	if sums.settled.rows == 0 {
		row.Settled = zeroLegs
	}
	if row.Diff, err = sums.differences(); err != nil {
		return row, err
	}
	if g.verdict == schema.Matched && sums.differs() {
		offsets, err := w.offsetReasons(g)
		if err != nil {
			return row, err
		}
		row.Reasons = slices.Concat(row.Reasons, offsets)
	}
	return row, nil
}

var zeroLegs = schema.Legs{schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0)), schema.Some(schema.Fen(0))}

// addSettlement adds a settlement to the row's number and times of settlements.
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
