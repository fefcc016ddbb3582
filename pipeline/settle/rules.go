package settle

import (
	"slices"

	"billwalk/pipeline/evidence"
	"billwalk/schema"
)

// A rule is silent when it has not answered for so many orders. With callbacks enabled,
// an order without one is probably not settled yet, so fewer orders are tried.
const (
	silentAfter              = 200
	silentAfterWithCallbacks = 50
)

func (p *pass) silent(u schema.RuleUse) bool {
	switch {
	case p.confirms: // no rule, but the settlement's own ids
		return false
	case p.Evidence.HasCallbacks():
		return u.Silent(silentAfterWithCallbacks)
	}
	return u.Silent(silentAfter)
}

// queryOrder returns the queries of an order, as indexes, in the sequence in which they are
// made, and how many are left out. Those that answered for the order before come first,
// then those whose rule answers most often for the account.
//
// A silent rule is left out but for a sample. It is tried where no rule of the order has
// answered for the account yet, on the last look, and by a run of given days. One run
// makes no query twice.
func (p *pass) queryOrder(o *order) (sequence []int, omitted int) {
	before := make([]bool, len(o.queries))
	everyRule := p.Backfill || p.lastLook()
	proven := slices.ContainsFunc(o.queries, func(q schema.Query) bool { return p.use(q.Match).Answered > 0 })
	for i, q := range o.queries {
		last := p.Evidence.LastAnswer(q, p.unit.Day)
		before[i] = last.Outcome > evidence.Empty && last.Fetched < p.Started.UnixMicro()
		switch {
		case o.unanswered:
			sequence = append(sequence, i)
		case p.fromOtherDay(last):
		case before[i] || !proven || everyRule || !p.silent(p.use(q.Match)) || evidence.Sampled(q):
			sequence = append(sequence, i)
		default:
			omitted++
		}
	}
	slices.SortStableFunc(sequence, func(a, b int) int {
		switch {
		case before[a] && !before[b]:
			return -1
		case before[b] && !before[a]:
			return +1
		}
		return p.use(o.queries[b].Match).CompareRate(p.use(o.queries[a].Match))
	})
	return sequence, omitted
}

// use returns how often a rule was used for the account.
func (p *pass) use(m schema.Match) schema.RuleUse {
	for _, u := range p.Uses {
		if u.Rule == m.String() {
			return u
		}
	}
	return schema.RuleUse{Rule: m.String()}
}

// learn counts which rule answered, and the calls saved by trying it early.
func (p *pass) learn(o *order, r *result) {
	for n, i := range r.tried {
		found := r.found && n == len(r.tried)-1
		p.countUse(o.queries[i].Match, found)
		if found { // the rules before it in the job's order need not be tried
			p.Saved.RuleOrder += int64(i + 1 - len(r.tried))
		}
	}
	if !r.found { // what a silent rule would have said is not known: that is no saving
		p.Saved.Distinct += int64(len(o.queries) - len(r.tried) - r.omitted)
	}
}

// learnFromCallbacks counts which rule would have answered: callbacks name the order's id.
func (p *pass) learnFromCallbacks(o *order) {
	if !o.orderID.Valid {
		return
	}
	for _, q := range o.queries {
		if q.Parameter == "order_id" {
			p.countUse(q.Match, q.Value == o.orderID.V)
		}
	}
}

// countUse counts one order for a rule.
func (p *pass) countUse(m schema.Match, found bool) {
	at := slices.IndexFunc(p.Uses, func(u schema.RuleUse) bool { return u.Rule == m.String() })
	if at < 0 {
		p.Uses = append(p.Uses, schema.RuleUse{Rule: m.String()})
		at = len(p.Uses) - 1
	}
	p.Uses[at].Count(found)
}
