package reconcile

import (
	"slices"

	"billwalk/schema"
)

// judge gives a verdict on a group that no tier has closed. Where a settlement of
// the order counts elsewhere, none within the window is a difference.
func (w *window) judge(g *group, o *Order) error {
	all := w.left(anySettlement)
	own := w.left(func(s *settlement) bool { return s.group == g })
	if !own.any {
		own = all
	}
	switch {
	case !own.any && o.Elsewhere:
		g.verdict = schema.Mismatched
	case !own.any && !o.Asked:
		g.verdict, g.reasons = schema.Pending, []string{reasonNotAsked}
	case !own.any:
		g.verdict = schema.BillOnly
	case all.underWay:
		g.verdict = schema.Pending
		if own.failed {
			g.reasons = []string{reasonRetryInFlight}
		}
	case own.failed:
		g.verdict = schema.SettleFailed
	default:
		c, err := w.compare(anyGroup, anySettlement)
		if err != nil {
			return err
		}
		g.verdict, g.reasons = schema.Mismatched, c.reasons
		if c.more && !all.failed && !o.Elsewhere {
			g.reasons = slices.Insert(g.reasons, 0, reasonPartlyBilled)
		}
		if !c.compared {
			g.reasons = append(g.reasons, reasonNothingCompared)
		}
	}
	return nil
}

// doubt takes the match back from a group that has a settlement which no bill
// explains: money that a match must not hide. Its bills stay closed; what they
// agree with is not held against other groups.
func (w *window) doubt(g *group) {
	own := w.left(func(s *settlement) bool { return s.group == g && !s.paired && s.Status != schema.StatusFail })
	switch {
	case own.underWay:
		g.verdict, g.reasons = schema.Pending, []string{reasonUnexplained}
	case own.any:
		g.verdict, g.reasons = schema.Mismatched, []string{reasonUnexplained}
	}
}

// standing is what there is among settlements.
type standing struct{ any, failed, underWay bool }

// left looks at what is open of the chosen settlements.
func (w *window) left(settlements func(*settlement) bool) (found standing) {
	for i := range w.settlements {
		if s := &w.settlements[i]; !s.closed && settlements(s) {
			found.any = true
			found.failed = found.failed || s.Status == schema.StatusFail
			found.underWay = found.underWay || !s.Status.Final()
		}
	}
	return found
}
