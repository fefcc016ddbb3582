package reconcile

import (
	"slices"

	"billwalk/schema"
)

// statuses reports which kinds of settlements there are among some.
type statuses struct{ any, failed, inFlight bool }

// openStatuses returns the statuses of the settlements that no tier has closed.
func openStatuses(settlements []*settlement) (found statuses) {
	for _, s := range settlements {
		if !s.closed {
			found.any = true
			found.failed = found.failed || s.Status == schema.StatusFail
			found.inFlight = found.inFlight || !s.Status.Final()
		}
	}
	return found
}

// openSummary is what no tier has closed of a window.
type openSummary struct {
	statuses
	comparison
	succeeded int          // number of successful settlements
	cause     schema.Cause // of what differs
}

func (w *window) summarizeOpen(day schema.Day) (open openSummary, err error) {
	all := w.whole()
	open.statuses = openStatuses(all.settlements)
	for _, s := range all.settlements {
		if !s.closed && s.Status == schema.StatusSuccess {
			open.succeeded++
		}
	}
	if open.comparison, err = w.compare(all); err != nil || !open.any {
		return open, err
	}
	open.cause, err = w.cause(day)
	return open, err
}

// judge sets the verdict of a group that no tier has closed.
func (g *group) judge(open *openSummary, o *Order) {
	own := openStatuses(g.settled)
	if !own.any {
		own = open.statuses
	}
	switch {
	case !own.any && o.SettledElsewhere:
		g.verdict, g.cause = schema.Mismatched, schema.WindowEdge
	case !own.any && !o.Answered:
		g.verdict, g.reasons = schema.Pending, []string{schema.ReasonNotAsked}
	case !own.any:
		g.verdict = schema.BillOnly
	case open.inFlight:
		g.verdict = schema.Pending
		if own.failed {
			g.reasons = []string{schema.ReasonRetryInFlight}
		}
	case own.failed:
		g.verdict = schema.SettleFailed
	default:
		g.verdict, g.reasons, g.cause = schema.Mismatched, slices.Clone(open.reasons), open.cause
		if open.exceeds && open.succeeded == 1 && !open.failed && !o.SettledElsewhere {
			g.reasons = slices.Insert(g.reasons, 0, schema.ReasonPartlyBilled)
		}
		if !open.compared {
			g.reasons = append(g.reasons, schema.ReasonNothingCompared)
		}
	}
}

// checkUnmatched takes the match back from a group with another settlement that no
// bill explains, which a match must not hide. Its bills stay closed: they do not count
// as unsettled for other groups.
func (g *group) checkUnmatched() {
	own := openStatuses(slices.DeleteFunc(slices.Clone(g.settled), func(s *settlement) bool { return s.paired || s.Status == schema.StatusFail }))
	switch {
	case own.inFlight:
		g.verdict, g.reasons = schema.Pending, []string{schema.ReasonUnmatched}
	case own.any:
		g.verdict, g.reasons, g.cause = schema.Mismatched, []string{schema.ReasonUnmatched}, schema.DoubleSettlement
	}
}
