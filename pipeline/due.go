package pipeline

import (
	"slices"

	"billwalk/schema"
)

// One call an order is what a night costs: here it is decided which calls are not
// made.

// due says whether an order is to be asked for, and counts why not.
func (p *settlePass) due(o *wanted) bool {
	last, billed := p.last(o), p.unit.Day
	switch {
	case len(o.questions) == 0:
		p.NoKey++
		return false
	case last.outcome > nothing && p.fresh(last):
		p.Saved.Distinct++
		return false
	case last.outcome != unknown && p.waitedFor(last):
		p.Saved.OtherRun++
		return false
	case p.heard(o):
		p.Saved.Callbacks++
		p.taught(o)
		return false
	case last.outcome == unknown || last.outcome == open || o.contradicted:
		return true
	case last.outcome == nothing:
		if billed >= p.again {
			return true
		}
		p.Saved.Empty++
		return false
	case last.day < billed:
		return true // it was asked for before this bill came
	case last.outcome == failed && billed < p.first && last.age(p.now()) >= resumeAge:
		return true // what failed may have been shared out anew
	}
	p.Saved.Final++
	return false
}

// heard says that callbacks tell all there is to ask. One order in a hundred is
// asked for all the same: so a callback that was lost for good, or contradicts
// the query, comes to light.
func (p *settlePass) heard(o *wanted) bool {
	return o.told && !fingerprintOf(o.questions[0]).sampled()
}

// A rule is silent when it has not answered for so many orders. Where callbacks
// come, there is likely to be nothing of those that none is of.
const (
	silentAfter         = 200
	silentWithCallbacks = 50
)

func (p *settlePass) silent(u schema.RuleUse) bool {
	switch {
	case p.confirms: // no rule, but the settlement's own ids
		return false
	case p.book.linking:
		return u.Silent(silentWithCallbacks)
	}
	return u.Silent(silentAfter)
}

// taught learns from callbacks which rule answers: they name the order's id.
func (p *settlePass) taught(o *wanted) {
	if !o.orderID.Valid {
		return
	}
	for _, q := range o.questions {
		if q.Parameter == "order_id" {
			p.count(q.Match, q.Value == o.orderID.V)
		}
	}
}

// fresh says that this run has asked already, for another day of the order. What
// it asked for this day does not count: units go side by side, and must not see
// how far the others are.
func (p *settlePass) fresh(k known) bool {
	return k.outcome != unknown && k.day != p.unit.Day && k.fetched >= p.started.UnixMicro()
}

// waitedFor says that another run has asked while this one waited for it.
func (p *settlePass) waitedFor(k known) bool {
	return k.fetched >= p.started.UnixMicro() && k.fetched < p.begun.UnixMicro()
}

// last returns what the answers known of an order come to: the most open one.
func (p *settlePass) last(o *wanted) known {
	var last known
	for _, q := range o.questions {
		k := p.book.around(q, p.unit.Day)
		if k.outcome != unknown && (last.outcome <= nothing || k.outcome == open) {
			last = k
		}
	}
	return last
}

// inTurn returns the questions of an order, by place, in the order in which they
// are asked: first what answered for it before, then the rule that answers most
// often for the account. A silent rule is asked now and then only, and nothing is
// asked twice by one run.
func (p *settlePass) inTurn(o *wanted) (turn []int, silent int) {
	before := make([]bool, len(o.questions))
	for i, q := range o.questions {
		last := p.book.around(q, p.unit.Day)
		before[i] = last.outcome > nothing && last.fetched < p.started.UnixMicro()
		switch {
		case o.anew:
			turn = append(turn, i)
		case p.fresh(last):
		case before[i] || !p.silent(p.use(q.Match)) || fingerprintOf(q).sampled():
			turn = append(turn, i)
		default:
			silent++
		}
	}
	slices.SortStableFunc(turn, func(a, b int) int {
		if before[a] != before[b] {
			return compareBools(before[b], before[a])
		}
		return p.use(o.questions[b].Match).CompareRate(p.use(o.questions[a].Match))
	})
	return turn, silent
}

func (p *settlePass) use(m schema.Match) schema.RuleUse {
	for _, u := range p.uses {
		if u.Rule == m.String() {
			return u
		}
	}
	return schema.RuleUse{Rule: m.String()}
}

// learn counts which rule answered, and the calls saved by trying it early.
func (p *settlePass) learn(o *wanted, r *answered) {
	for n, i := range r.tried {
		found := r.found && n == len(r.tried)-1
		p.count(o.questions[i].Match, found)
		if found {
			p.Saved.RuleOrder += int64(i + 1 - len(r.tried))
		}
	}
	if !r.found {
		p.Saved.SilentRules += int64(r.silent)
		p.Saved.Distinct += int64(len(o.questions) - len(r.tried) - r.silent)
	}
}

// count counts one order for a rule.
func (p *settlePass) count(m schema.Match, found bool) {
	at := slices.IndexFunc(p.uses, func(u schema.RuleUse) bool { return u.Rule == m.String() })
	if at < 0 {
		p.uses = append(p.uses, schema.RuleUse{Rule: m.String()})
		at = len(p.uses) - 1
	}
	p.uses[at].Count(found)
}
