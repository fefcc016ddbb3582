package sandbox

import "billwalk/schema"

const (
	defaultPassing       = 5  // percent of the calls that meet a passing fault
	answeredBeforeEnding = 20 // calls that are answered before an ending fault begins
)

// assignLastingFaults assigns the lasting faults to accounts, and leaves at least a
// quarter of the ordinary accounts without any. 2119005 has an account to itself,
// because a client gives up all days of it; others may share one, day by day.
func assignLastingFaults(w *world, on Faults) map[int][]fault {
	lasting := on.ofKind(lasting)
	var candidates []int
	for _, m := range w.merchants {
		if w.ordinary(m) {
			candidates = append(candidates, m.index)
		}
	}
	if len(lasting) == 0 || len(candidates) == 0 {
		return nil
	}
	// From the last account down, so that the demo's first accounts have no faults.
	count := min(len(lasting), max(1, len(candidates)*3/4))
	assigned := map[int][]fault{}
	for i, f := range lasting {
		at := i % count
		if lasting[0].code == codeUnauthorised && count > 1 && i > 0 {
			at = 1 + (i-1)%(count-1)
		}
		account := candidates[len(candidates)-1-at]
		assigned[account] = append(assigned[account], f)
	}
	return assigned
}

// lastingFault returns the lasting fault of the account on the day.
func (p *Platform) lastingFault(scope accountScope, day schema.Day) (fault, bool) {
	list := p.lasting[scope.index]
	if len(list) == 0 {
		return fault{}, false
	}
	if list[0].code == codeUnauthorised {
		return list[0], true
	}
	return list[(int(day)%len(list)+len(list))%len(list)], true
}

// passingFault returns the passing fault that the query meets. It depends on the query
// and not on the time, and the same query does not meet it again.
func (p *Platform) passingFault(q apiQuery) (fault, bool) {
	list := p.config.Faults.ofKind(passing)
	chance := dice(p.config.Seed, word("passing"), q.hash)
	if len(list) == 0 || q.attempt > 1 || chance%100 >= uint64(p.config.Passing) {
		return fault{}, false
	}
	first := int(chance / 100 % uint64(len(list)))
	for i := range list { // a fault that has reached its limit is replaced by the next
		f := list[(first+i)%len(list)]
		f.limit *= max(1, p.config.Passing/defaultPassing)
		if p.traffic.takeFault(q.api, f) {
			return f, true
		}
	}
	return fault{}, false
}

var endingKinds = map[string]faultKind{BillsAPI: ending, SettleAPI: settleEnding, StoresAPI: storesEnding, WithdrawalsAPI: withdrawalsEnding, WithdrawnBillsAPI: ending}

// endingFault returns the ending fault that the API's nth call meets; the first is 1.
func (p *Platform) endingFault(api string, call int) (fault, bool) {
	list := p.config.Faults.ofKind(endingKinds[api])
	if len(list) == 0 || call <= answeredBeforeEnding && list[0].kind != storesEnding {
		return fault{}, false
	}
	return list[0], true
}

// The states of a unit under the fault day-changing.
const (
	stable      = iota
	billMissing // one bill is not listed yet
	billExtra   // one bill is listed that will disappear
)

// countWalk counts the walks of the unit.
func (p *Platform) countWalk(c call) {
	if p.config.Faults.has("day-changing") {
		p.counts.increment(c.unit(p.config.Seed))
	}
}

// unitState returns the unit's state during its latest walk.
func (p *Platform) unitState(c call) int {
	unit := c.unit(p.config.Seed)
	if !p.config.Faults.has("day-changing") || unit%4 != 0 {
		return stable
	}
	switch p.counts.count(unit) {
	case 1:
		return billMissing
	case 2:
		return billExtra
	}
	return stable
}
