package month

import (
	"maps"
	"slices"

	"billwalk/schema"
)

// window returns an order in the window of the day: its bills within the lookback, and
// its settlements as known by a night. Each counts on the latest day with bills that is
// not after its own, else on the earliest.
func (t *Truth) window(o *order, day schema.Day, until int) *windowedOrder {
	j := &windowedOrder{queried: true}
	window := schema.Day(t.p.config.Lookback)
	for other := day - window; other <= day+window; other++ {
		if t.days[other] != nil {
			j.addBills(o, other, t.days[other].bills)
		}
	}
	j.sort()
	for _, parameter := range []string{orderID, outOrderNo} {
		night, ok := t.lastAnswer(o, parameter, day, until)
		if parameter == orderID || o.ext != "" {
			j.queried = j.queried && ok && night >= t.days[day].firstSeen[o] // an earlier answer may be older than these bills
		}
		if !ok || len(j.groups) == 0 {
			continue
		}
		for _, s := range o.settlementsFor(parameter, night) {
			v, _ := s.at(night)
			at, stands := t.publishedOn[s]
			here := j.groupOn(at)
			switch {
			case stands && max(at-day, day-at) > window || stands && here == nil && !t.inLatestRun(at):
				j.countedFarAway = true
				j.settledEarlier = j.settledEarlier || at < day && t.days[at].hasSettlement(s, success)
				continue
			case !stands || here == nil: // or its bill was removed, and it moves
				here = t.groupFor(j, schema.DayOf(v.time))
			}
			j.settlements = append(j.settlements, &countedSettlement{settlement: s, settleVersion: v, group: here})
		}
	}
	j.sort()
	return j
}

// lastAnswer returns the night of the last answer, up to another night, to a run that
// included a day of the window on which the order had bills.
func (t *Truth) lastAnswer(o *order, parameter string, day schema.Day, until int) (night int, ok bool) {
	window := schema.Day(t.p.config.Lookback)
	for _, n := range t.p.answeredNights(o, parameter) {
		look := t.runs[n]
		for other := max(day-window, look[0]); other <= min(day+window, look[1]) && n <= until; other++ {
			if d := t.days[other]; d != nil {
				if since, seen := d.firstSeen[o]; seen && since <= n {
					night, ok = n, true
				}
			}
		}
	}
	return night, ok
}

// addBills adds the order's forward bills of a day to their groups.
func (j *windowedOrder) addBills(o *order, day schema.Day, bills map[string]truthBill) {
	for _, id := range slices.Sorted(maps.Keys(bills)) {
		b := bills[id]
		if b.order != o || b.refund {
			continue
		}
		at := slices.IndexFunc(j.groups, func(g *group) bool { return g.day == day && g.account == b.walk })
		if at < 0 {
			at, j.groups = len(j.groups), append(j.groups, &group{account: b.walk, day: day})
		}
		j.groups[at].bills = append(j.groups[at].bills, b)
	}
}

// groupFor returns the first group of the day on which a settlement made on the day own
// counts.
func (t *Truth) groupFor(j *windowedOrder, own schema.Day) (best *group) {
	for _, g := range j.groups {
		if t.inLatestRun(g.day) && (best == nil || g.day <= own && g.day > best.day) {
			best = g
		}
	}
	return best
}

func (t *Truth) inLatestRun(day schema.Day) bool { return day >= t.latest[0] && day <= t.latest[1] }

// groupOn returns the first group of a day, or nil.
func (j *windowedOrder) groupOn(day schema.Day) *group {
	at := slices.IndexFunc(j.groups, func(g *group) bool { return g.day == day })
	if at < 0 {
		return nil
	}
	return j.groups[at]
}

// countedSettlement is a settlement as it is known, and the group in which it counts.
type countedSettlement struct {
	*settlement
	settleVersion
	group  *group
	closed bool
	paired bool
}
