package sandbox

import "billwalk/schema"

// unexplained returns, once each, the settlements of the days of which callbacks
// tell, and whose order has no walked bill.
func (p *Platform) unexplained(walked map[place][]walkedBill, from, to schema.Day, deliveries []Notified) []settlement {
	var list []settlement
	seen := map[[2]string]bool{}
	for _, n := range deliveries {
		for o, told := range p.notices(n) {
			if o != nil && walked[o.home] != nil {
				continue
			}
			for _, s := range told {
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

// onlySettled returns the groups of settlements that no bill explains: of each
// day those of one order and item.
func onlySettled(list []settlement) []Verdict {
	settlements := map[Verdict]int{}
	for i := range list {
		s := &list[i]
		settlements[Verdict{Day: s.ownDay(), GroupKey: s.strayKey(), ShopOrderID: s.orderID, Verdict: settlementOnly}]++
	}
	verdicts := make([]Verdict, 0, len(settlements))
	for v, n := range settlements {
		v.Settlements = n
		verdicts = append(verdicts, v)
	}
	return verdicts
}

func (s *settlement) strayKey() string {
	switch {
	case s.orderID == "":
		return "settlement:" + s.settleID
	case s.item != "":
		return s.orderID + "/" + s.item
	}
	return s.orderID
}
