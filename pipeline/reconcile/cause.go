package reconcile

import (
	"fmt"

	"billwalk/schema"
)

// cause returns why what is open in the window of a day differs.
func (w *window) cause(day schema.Day) (schema.Cause, error) {
	var billed, settled tally
	outgoing, edge := false, w.order.SettledElsewhere
	for i := range w.groups {
		g := &w.groups[i]
		if !g.open() {
			continue
		}
		if err := billed.addBills(g.bills); err != nil {
			return "", err
		}
		for _, b := range g.bills {
			outgoing = outgoing || b.outgoing()
			edge = edge || w.rules.Lookback > 0 && max(b.Day-day, day-b.Day) == schema.Day(w.rules.Lookback)
		}
	}
	for i := range w.settlements {
		if s := &w.settlements[i]; !s.closed {
			if err := settled.addSettlement(s); err != nil {
				return "", err
			}
		}
	}
	total, known, err := totalDifference(&billed, &settled)
	switch {
	case err != nil:
		return "", err
	case known && total != 0 && total == billed.sum[schema.LegTotal].V:
		return schema.DoubleSettlement, nil
	case outgoing:
		return schema.SignConflict, nil
	case edge:
		return schema.WindowEdge, nil
	case known && -w.rules.Tolerance <= total && total <= w.rules.Tolerance:
		return schema.LegOnly, nil
	case known && -schema.OneYuan <= total && total <= schema.OneYuan:
		return schema.WithinOneYuan, nil
	}
	return schema.OtherCause, nil
}

// totalDifference returns settled - billed, if both are known.
func totalDifference(billed, settled *tally) (schema.Fen, bool, error) {
	if billed.missing[schema.LegTotal] || settled.missing[schema.LegTotal] {
		return 0, false, nil
	}
	total, err := settled.sum[schema.LegTotal].V.Sub(billed.sum[schema.LegTotal].V)
	if err != nil {
		return 0, false, fmt.Errorf("difference of %s: %w", schema.LegTotal, err)
	}
	return total, true, nil
}

// outgoing reports whether the bill takes money from the merchant: its amounts are negative.
func (b *Bill) outgoing() bool {
	for _, v := range b.Legs {
		if v.Valid && v.V < 0 {
			return true
		}
	}
	return false
}
