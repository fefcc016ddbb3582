package evidence

import "billwalk/schema"

// unitAnswers is what the match rules have found for the orders of a unit, in all of its
// answers.
type unitAnswers struct {
	found bool
	ids   map[schema.Match]map[idHash]struct{} // that were queried, up to schema.NeverAnsweredAfter of each rule, as long as nothing is found
}

// countRule counts an answer for the match rule by which it was queried.
func (a *answers) countRule(p *PreparedAnswer, query idHash) {
	if _, ok := a.rules[p.query.Match]; !ok {
		return
	}
	u := unitKey{p.account, p.day}
	unit := a.units[u]
	if unit == nil {
		unit = &unitAnswers{ids: make(map[schema.Match]map[idHash]struct{})}
		a.units[u] = unit
	}
	switch ids := unit.ids[p.query.Match]; {
	case unit.found:
	case p.outcome > Empty:
		unit.found, unit.ids = true, nil
	case ids == nil:
		unit.ids[p.query.Match] = map[idHash]struct{}{query: {}}
	case len(ids) < schema.NeverAnsweredAfter:
		ids[query] = struct{}{}
	}
}

// NeverAnswered reports whether the match rules have never found a settlement for the
// account's orders of the days around one, as far as the lookback goes, though one of the
// rules was queried with schema.NeverAnsweredAfter different ids.
func (e *Evidence) NeverAnswered(account schema.AccountID, day schema.Day) bool {
	a := e.answers
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make(map[schema.Match]map[idHash]struct{})
	for other := day - a.window; other <= day+a.window; other++ {
		unit := a.units[unitKey{account, other}]
		if unit == nil {
			continue
		}
		if unit.found {
			return false
		}
		for rule, ids := range unit.ids {
			if all[rule] == nil {
				all[rule] = make(map[idHash]struct{})
			}
			for id := range ids {
				all[rule][id] = struct{}{}
			}
		}
	}
	for _, ids := range all {
		if len(ids) >= schema.NeverAnsweredAfter {
			return true
		}
	}
	return false
}
