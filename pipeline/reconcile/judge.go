package reconcile

import (
	"slices"

	"billwalk/schema"
)

// rest is what no tier has closed of a window.
type rest struct {
	standing
	comparison
	succeeded int // settlements
}

// rest looks at what is open once all tiers were tried.
func (w *window) rest() (r rest, err error) {
	all := w.whole()
	r.standing = left(all.settlements)
	for _, s := range all.settlements {
		if !s.closed && s.Status == schema.StatusSuccess {
			r.succeeded++
		}
	}
	r.comparison, err = w.compare(all)
	return r, err
}

// judge gives a verdict on a group that no tier has closed. Where a settlement of
// the order counts elsewhere, none within the window is a difference.
func (g *group) judge(all *rest, o *Order) {
	own := left(g.settled)
	if !own.any {
		own = all.standing
	}
	switch {
	case !own.any && o.Elsewhere:
		g.verdict = schema.Mismatched
	case !own.any && !o.Asked:
		g.verdict, g.reasons = schema.Pending, []string{schema.ReasonNotAsked}
	case !own.any:
		g.verdict = schema.BillOnly
	case all.underWay:
		g.verdict = schema.Pending
		if own.failed {
			g.reasons = []string{schema.ReasonRetryInFlight}
		}
	case own.failed:
		g.verdict = schema.SettleFailed
	default:
		g.verdict, g.reasons = schema.Mismatched, slices.Clone(all.reasons)
		if all.more && all.succeeded == 1 && !all.failed && !o.Elsewhere {
			g.reasons = slices.Insert(g.reasons, 0, schema.ReasonPartlyBilled)
		}
		if !all.compared {
			g.reasons = append(g.reasons, schema.ReasonNothingCompared)
		}
	}
}

// doubt takes the match back from a group that has a settlement which no bill
// explains: money that a match must not hide. Its bills stay closed; what they
// agree with is not held against other groups.
func (g *group) doubt() {
	own := left(slices.DeleteFunc(slices.Clone(g.settled), func(s *settlement) bool { return s.paired || s.Status == schema.StatusFail }))
	switch {
	case own.underWay:
		g.verdict, g.reasons = schema.Pending, []string{schema.ReasonUnmatched}
	case own.any:
		g.verdict, g.reasons = schema.Mismatched, []string{schema.ReasonUnmatched}
	}
}

// standing is what there is among settlements.
type standing struct{ any, failed, underWay bool }

// left looks at what is open of some settlements.
func left(settlements []*settlement) (found standing) {
	for _, s := range settlements {
		if !s.closed {
			found.any = true
			found.failed = found.failed || s.Status == schema.StatusFail
			found.underWay = found.underWay || !s.Status.Final()
		}
	}
	return found
}
