package pipeline

import (
	"context"
	"math"
	"slices"
	"strconv"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// One call an order is what a night costs: here it is decided which calls are not
// made. An order is asked for until it agrees; a SUCCESS alone is not the end, for
// an order may be shared out in parts.

// due says whether an order is to be asked for, and counts why not.
func (p *settlePass) due(o *wanted) bool {
	last := p.last(o)
	switch {
	case len(o.questions) == 0:
		p.NoKey++
		return false
	case last.Outcome > evidence.Empty && p.fresh(last):
		p.Saved.Distinct++
		return false
	case last.Outcome != evidence.NoAnswer && p.waitedFor(last):
		p.Saved.OtherRun++
		return false
	case p.heard(o):
		p.Saved.Callbacks++
		p.taught(o)
		return false
	case last.Outcome == evidence.NoAnswer || o.contradicted:
		return true
	case p.confirms && last.Outcome > evidence.Unfinished, o.agrees && (p.cut(last) || !p.sampled(o)):
		p.Saved.Final++
		return false
	case !o.agrees && p.cut(last):
		p.Saved.Resumed++
		return false
	}
	return true
}

// sampled picks an order that agrees to be asked for all the same: one in a hundred
// a night, others each night, and on the last look all of them if the job says so.
// So a second share-out comes to light.
func (p *settlePass) sampled(o *wanted) bool {
	if p.finalLook() {
		return true
	}
	night := strconv.Itoa(int(schema.DayOf(p.started)))
	return evidence.Sampled(schema.Query{Match: schema.Match{Parameter: night}, Value: o.key})
}

// finalLook says that all orders of the unit are asked for, whatever is known of them.
func (p *settlePass) finalLook() bool { return p.finalCheck && p.lastLook() }

// lastLook says that the unit's day is looked at for the last time.
func (p *settlePass) lastLook() bool { return p.lastDay.Valid && p.lastDay.V == p.unit.Day }

// lookBack notes when the last pass over the unit ended whose run ended well.
func (p *settlePass) lookBack(ctx context.Context) error {
	last := p.evidence.LastPass(p.unit)
	well := last.RunID == ""
	if !well {
		var err error
		if well, err = p.endedWell(ctx, last.RunID); err != nil {
			return err
		}
	}
	if p.settledAt = math.MinInt64; well {
		p.settledAt = last.FinishedAt.UnixMicro()
	}
	return nil
}

// cut says that the run which asked was cut a while ago: this one goes on with it.
// What this run asks for another unit of the day does not count: units go side by
// side, and must not see how far the others are.
func (p *settlePass) cut(k evidence.Answer) bool {
	mine := p.fresh(k) || k.Fetched > p.started.UnixMicro()
	return !mine && k.Fetched > p.settledAt && k.Age(p.now()) < stop.ResumeAge
}

// heard says that callbacks tell all there is to ask. One order in a hundred, and all
// on the final look, are asked for all the same: so a callback that was lost for good,
// or contradicts the query, comes to light.
func (p *settlePass) heard(o *wanted) bool {
	return o.told && !p.finalLook() && !evidence.Sampled(o.questions[0])
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
	case p.evidence.HasCallbacks():
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
func (p *settlePass) fresh(k evidence.Answer) bool {
	return k.Outcome != evidence.NoAnswer && k.Day != p.unit.Day && k.Fetched >= p.started.UnixMicro()
}

// waitedFor says that another run has asked while this one waited for it.
func (p *settlePass) waitedFor(k evidence.Answer) bool {
	return k.Fetched >= p.started.UnixMicro() && k.Fetched < p.begun.UnixMicro()
}

// last returns what the answers known of an order come to: the most open one.
func (p *settlePass) last(o *wanted) evidence.Answer {
	var last evidence.Answer
	for _, q := range o.questions {
		k := p.evidence.LastAnswer(q, p.unit.Day)
		if k.Outcome != evidence.NoAnswer && (last.Outcome <= evidence.Empty || k.Outcome == evidence.Unfinished) {
			last = k
		}
	}
	return last
}

// inTurn returns the questions of an order, by place, in the order in which they
// are asked: first what answered for it before, then the rule that answers most
// often for the account. A rule that never answers is asked now and then only, but
// not before another rule of the order has answered for the account, nor on the last
// look, nor by a run of given days, which need not be looked at again. Nothing is
// asked twice by one run.
func (p *settlePass) inTurn(o *wanted) (turn []int, silent int) {
	before := make([]bool, len(o.questions))
	everyRule := p.backfill || p.lastLook()
	proven := slices.ContainsFunc(o.questions, func(q schema.Query) bool { return p.use(q.Match).Answered > 0 })
	for i, q := range o.questions {
		last := p.evidence.LastAnswer(q, p.unit.Day)
		before[i] = last.Outcome > evidence.Empty && last.Fetched < p.started.UnixMicro()
		switch {
		case o.anew:
			turn = append(turn, i)
		case p.fresh(last):
		case before[i] || !proven || everyRule || !p.silent(p.use(q.Match)) || evidence.Sampled(q):
			turn = append(turn, i)
		default:
			silent++
		}
	}
	slices.SortStableFunc(turn, func(a, b int) int {
		if before[a] != before[b] {
			if before[a] {
				return -1
			}
			return +1
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
		if found { // the rules before it in the job's order need not be asked
			p.Saved.RuleOrder += int64(i + 1 - len(r.tried))
		}
	}
	if !r.found { // what a silent rule would have said is not known: that is no saving
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
