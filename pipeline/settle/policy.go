package settle

import (
	"context"
	"math"
	"strconv"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// due reports whether an order is to be queried, and counts why not.
func (p *pass) due(o *order) bool {
	last := p.lastAnswer(o)
	switch {
	case len(o.queries) == 0:
		p.NoKey++
		return false
	case p.Again && last.Outcome != evidence.NoAnswer && last.Fetched >= p.Started.UnixMicro():
		return false
	case last.Outcome > evidence.Empty && p.fromOtherDay(last):
		p.Saved.Distinct++
		return false
	case last.Outcome != evidence.NoAnswer && p.fromOtherRun(last):
		p.Saved.OtherRun++
		return false
	case p.coveredByCallbacks(o):
		p.Saved.Callbacks++
		p.learnFromCallbacks(o)
		return false
	case last.Outcome == evidence.NoAnswer || o.contradicted:
		return true
	case p.confirms && last.Outcome > evidence.Unfinished, o.agrees && (p.resumes(last) || !p.sampled(o)):
		p.Saved.Final++
		return false
	case !o.agrees && p.resumes(last):
		p.Saved.Resumed++
		return false
	}
	return true
}

// lastAnswer returns the last answer to one of an order's queries that has settlements,
// rather one of them that is not final.
func (p *pass) lastAnswer(o *order) evidence.Answer {
	var last evidence.Answer
	for _, q := range o.queries {
		a := p.Evidence.LastAnswer(q, p.unit.Day)
		if a.Outcome != evidence.NoAnswer && (last.Outcome <= evidence.Empty || a.Outcome == evidence.Unfinished) {
			last = a
		}
	}
	return last
}

// sampled picks an order that agrees to be queried all the same: one in a hundred
// a night, others each night, and all of them in a final check. So a second share-out
// is found.
func (p *pass) sampled(o *order) bool {
	if p.finalCheck() {
		return true
	}
	night := strconv.Itoa(int(schema.DayOf(p.Started)))
	return evidence.Sampled(schema.Query{Match: schema.Match{Parameter: night}, Value: o.key})
}

// finalCheck reports whether all orders of the unit are queried, whatever is known of them.
func (p *pass) finalCheck() bool { return p.FinalCheck && p.lastLook() }

// lastLook reports whether the unit's day is looked at for the last time.
func (p *pass) lastLook() bool { return p.LastLook.Valid && p.LastLook.V == p.unit.Day }

// coveredByCallbacks reports whether callbacks make a query needless. One order in a
// hundred, and all in a final check, are queried all the same: so a callback that was lost
// for good, or contradicts the query, is found.
func (p *pass) coveredByCallbacks(o *order) bool {
	return o.covered && !p.finalCheck() && !evidence.Sampled(o.queries[0])
}

// findLastPass notes when the last pass over the unit ended, if its run ended well.
func (p *pass) findLastPass(ctx context.Context) error {
	last := p.Evidence.LastPass(p.unit)
	well := last.RunID == ""
	if !well {
		var err error
		if well, err = p.EndedWell(ctx, last.RunID); err != nil {
			return err
		}
	}
	if p.lastPassEnd = math.MinInt64; well {
		p.lastPassEnd = last.FinishedAt.UnixMicro()
	}
	return nil
}

// resumes reports whether the answer is of a run that was interrupted a while ago, and
// which this one resumes. What this run queries for another unit of the day does not
// count: units run side by side, and must not see how far the others are.
func (p *pass) resumes(a evidence.Answer) bool {
	own := p.fromOtherDay(a) || a.Fetched > p.Started.UnixMicro()
	return !own && a.Fetched > p.lastPassEnd && a.Age(p.Now()) < stop.ResumeAge
}

// fromOtherDay reports whether this run got the answer for another day of the order.
// What it got for this day does not count: units run side by side.
func (p *pass) fromOtherDay(a evidence.Answer) bool {
	return a.Outcome != evidence.NoAnswer && a.Day != p.unit.Day && a.Fetched >= p.Started.UnixMicro()
}

// fromOtherRun reports whether another run got the answer while this one waited for it.
func (p *pass) fromOtherRun(a evidence.Answer) bool {
	return a.Fetched >= p.Started.UnixMicro() && a.Fetched < p.Began.UnixMicro()
}
