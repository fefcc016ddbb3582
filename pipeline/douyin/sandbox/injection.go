package sandbox

import "billwalk/schema"

const (
	usualPassing = 5  // percent of the calls that meet a passing fault, whichever are on
	endingAfter  = 20 // calls that are answered before an ending fault begins
)

// chooseVictims deals the lasting faults to accounts, so that at least a quarter
// of the ordinary ones is spared. 2119005 has an account for itself, because a
// client rightly gives up all its days; others may share one, day by day.
func chooseVictims(w *world, on Faults) map[int][]fault {
	lasting := on.of(lasting)
	var candidates []int
	for _, m := range w.merchants {
		if w.ordinary(m) {
			candidates = append(candidates, m.index)
		}
	}
	if len(lasting) == 0 || len(candidates) == 0 {
		return nil
	}
	// From the last account down: the demo's first ones stay as they are.
	count := min(len(lasting), max(1, len(candidates)*3/4))
	victims := map[int][]fault{}
	for i, f := range lasting {
		at := i % count
		if lasting[0].code == codeUnauthorised && count > 1 && i > 0 {
			at = 1 + (i-1)%(count-1)
		}
		victim := candidates[len(candidates)-1-at]
		victims[victim] = append(victims[victim], f)
	}
	return victims
}

// striking returns the lasting fault that strikes the account on the day.
func (p *Platform) striking(reach walkable, day schema.Day) (fault, bool) {
	list := p.victims[reach.index]
	if len(list) == 0 {
		return fault{}, false
	}
	if list[0].code == codeUnauthorised {
		return list[0], true
	}
	turn := (int(day)%len(list) + len(list)) % len(list)
	return list[turn], true
}

// passing returns the passing fault that strikes the call. Which calls are
// struck depends on what is asked, not on when, and a call that is asked again
// is not struck again.
func (p *Platform) passing(q question) (fault, bool) {
	list := p.config.Faults.of(passing)
	chance := dice(p.config.Seed, word("passing"), q.identity)
	if len(list) == 0 || q.asked > 1 || chance%100 >= uint64(p.config.Passing) {
		return fault{}, false
	}
	first := int(chance / 100 % uint64(len(list)))
	for i := range list { // one that has struck often enough leaves the call to the next
		f := list[(first+i)%len(list)]
		f.most *= max(1, p.config.Passing/usualPassing)
		if p.traffic.strike(q.api, f) {
			return f, true
		}
	}
	return fault{}, false
}

// ending returns the fault that has ended the run by the API's call, counted from 1.
func (p *Platform) ending(api string, call int) (fault, bool) {
	list := p.config.Faults.of(map[string]kind{BillsAPI: ending, SettleAPI: settleEnding}[api])
	if len(list) == 0 || call <= endingAfter {
		return fault{}, false
	}
	return list[0], true
}
