package sandbox

import "billwalk/schema"

// unmatched returns, once each, the settlements of the days that have callbacks, and
// whose order has no walked bill.
func (p *Platform) unmatched(walked map[place][]walkedBill, from, to schema.Day, deliveries []CallbackWindow) []settlement {
	var list []settlement
	seen := map[[2]string]bool{}
	for _, window := range deliveries {
		for o, settlements := range p.callbackOrders(window) {
			if o != nil && walked[o.origin] != nil {
				continue
			}
			for _, s := range settlements {
				key := [2]string{s.settleID, s.item}
				if day := s.ownDay(); from <= day && day <= to && !seen[key] {
					seen[key] = true
					list = append(list, s)
				}
			}
		}
	}
	return list
}

// unmatchedVerdicts returns the groups of settlements without bills: one for each day,
// order and item.
func unmatchedVerdicts(list []settlement) []Verdict {
	settlements := map[Verdict]int{}
	for i := range list {
		s := &list[i]
		settlements[Verdict{Day: s.ownDay(), GroupKey: s.unmatchedKey(), ShopOrderID: s.orderID, Verdict: settlementOnly}]++
	}
	verdicts := make([]Verdict, 0, len(settlements))
	for v, n := range settlements {
		v.Settlements = n
		verdicts = append(verdicts, v)
	}
	return verdicts
}

func (s *settlement) unmatchedKey() string {
	switch {
	case s.orderID == "":
		return "settlement:" + s.settleID
	case s.item != "":
		return s.orderID + "/" + s.item
	}
	return s.orderID
}
