package month

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// Truth is what a lake must hold, night after night. It is written from the rules
// of the design, and follows a job of the platform's accounts, with the match rules
// order_id: shop_order_id and out_order_no: order_ext_id, by the looks that the job
// takes at days. Which orders were asked for it takes from the platform; which must
// have been is in [Truth.Due].
type Truth struct {
	p      *Platform
	look   [2]schema.Day         // the first and the last day of this look, or replay: only they take what stands nowhere
	looks  map[int][2]schema.Day // by night: the first and the last day that were looked at
	walked map[schema.Unit]int   // the night of the last walk that was not refused
	days   map[schema.Day]*truthDay
	stands map[*settlement]schema.Day // where each settlement was published first, and stays

	Due      []string                // orders that did not agree in the last look, by shop_order_id: they must have been asked for
	Restated map[schema.Day][]string // lines, as [Truth.Lines] has them
}

// truthDay is a day as it is published.
type truthDay struct {
	bills       map[string]truthBill // by ledger_id
	settlements []placed
	groups      []string
	since       map[*order]int // the night that first saw a bill of the order on the day
}

type truthBill struct {
	*bill
	legs legs
	walk schema.AccountID
}

type placed struct {
	*settlement
	settleVersion
	removed bool
}

// NewTruth returns the truth of an empty lake.
func NewTruth(p *Platform) *Truth {
	return &Truth{p: p, looks: map[int][2]schema.Day{}, walked: map[schema.Unit]int{}, days: map[schema.Day]*truthDay{}, stands: map[*settlement]schema.Day{}, Restated: map[schema.Day][]string{}}
}

// Look has the job look at the days, both included, in a night, and after that
// night's queries were made.
func (t *Truth) Look(night int, from, to schema.Day) {
	t.look = [2]schema.Day{from, to}
	t.looks[night] = t.look
	before := map[schema.Day]map[string]truthBill{}
	walkedBefore := maps.Clone(t.walked)
	for day := from; day <= to; day++ {
		if t.days[day] == nil {
			t.days[day] = &truthDay{since: map[*order]int{}}
		}
		before[day] = t.days[day].bills
		for _, a := range t.p.Accounts() {
			if t.p.refusal(night).account != a.ID {
				t.walked[schema.Unit{Account: a, Day: day}] = night
			}
		}
		t.days[day].bills = t.union(day)
		for _, o := range t.ordersOf(day) {
			if _, seen := t.days[day].since[o]; !seen {
				t.days[day].since[o] = night
			}
		}
	}
	t.Due = t.due(night, from, to)
	for day := from; day <= to; day++ {
		t.compare(day, before[day], walkedBefore)
	}
	for day := from; day <= to; day++ {
		t.judge(day)
	}
}

// Replay judges all days anew by what was answered since.
func (t *Truth) Replay() {
	days := slices.Sorted(maps.Keys(t.days))
	t.look = [2]schema.Day{days[0], days[len(days)-1]}
	for _, day := range days {
		t.judge(day)
	}
}

// union returns the day's bills: those of each account's last walk. What two walks
// have counts as the payee's own has it.
func (t *Truth) union(day schema.Day) map[string]truthBill {
	all := map[string]truthBill{}
	for _, a := range t.p.Accounts() { // the root first
		night, ok := t.walked[schema.Unit{Account: a, Day: day}]
		if !ok {
			continue
		}
		for _, b := range t.p.found(a, day, night) {
			v, _ := b.at(night)
			all[b.ledger] = truthBill{b, v.legs, a.ID}
		}
	}
	return all
}

// compare notes the day's restatements: what a walk that was published before has
// found otherwise. A bill that another walk of the day has had is not added.
func (t *Truth) compare(day schema.Day, before map[string]truthBill, walkedBefore map[schema.Unit]int) {
	note := func(b *bill, change string, by int64) {
		t.Restated[day] = append(t.Restated[day], fmt.Sprintf("%s %s %s %d", day, b.ledger, change, by))
	}
	after := t.days[day].bills
	for id, was := range before {
		is, ok := after[id]
		switch sign := was.sign(); {
		case !ok:
			note(was.bill, "removed", -sign*was.legs[0])
		case is.legs != was.legs:
			note(was.bill, "changed", sign*(is.legs[0]-was.legs[0]))
		}
	}
	for id, is := range after {
		if _, ok := before[id]; !ok && t.foundByKnown(is.bill, walkedBefore) {
			note(is.bill, "added", is.sign()*is.legs[0])
		}
	}
	slices.Sort(t.Restated[day])
}

// foundByKnown says that one of the walks that find the bill was published before.
func (t *Truth) foundByKnown(b *bill, walkedBefore map[schema.Unit]int) bool {
	return slices.ContainsFunc(t.p.Accounts(), func(a schema.Account) bool {
		u := schema.Unit{Account: a, Day: b.day}
		_, known := walkedBefore[u]
		return known && slices.Contains(t.p.found(a, b.day, t.walked[u]), b)
	})
}

func (b truthBill) sign() int64 {
	if b.refund {
		return -1
	}
	return +1
}

// ordersOf returns the orders with a forward bill on the day.
func (t *Truth) ordersOf(day schema.Day) (orders []*order) {
	seen := map[*order]bool{}
	for _, b := range t.days[day].bills {
		if !b.refund && !seen[b.order] {
			orders, seen[b.order] = append(orders, b.order), true
		}
	}
	slices.SortFunc(orders, func(a, b *order) int { return cmp.Compare(a.key, b.key) })
	return orders
}

// due returns the orders that do not agree with what was known before the night.
func (t *Truth) due(night int, from, to schema.Day) (due []string) {
	for day := from; day <= to; day++ {
		for _, o := range t.ordersOf(day) {
			j := t.window(o, day, night-1)
			j.match()
			agrees := len(j.shared) > 0
			for _, g := range j.groups {
				agrees = agrees && j.of(g).verdict == "matched"
			}
			if !agrees {
				due = append(due, o.key)
			}
		}
	}
	slices.Sort(due)
	return slices.Compact(due)
}

// window returns an order as the day looks at it: its bills within the lookback, and
// its settlements as they were known by a night, each counted to the latest day with
// bills that is not after its own, else to the earliest.
func (t *Truth) window(o *order, day schema.Day, until int) *judged {
	j := &judged{asked: true}
	window := schema.Day(t.p.config.Lookback)
	for other := day - window; other <= day+window; other++ {
		if t.days[other] != nil {
			j.add(o, other, t.days[other].bills)
		}
	}
	j.sort()
	for _, parameter := range []string{orderID, outOrderNo} {
		night, ok := t.answer(o, parameter, day, until)
		if parameter == orderID || o.ext != "" {
			j.asked = j.asked && ok && night >= t.days[day].since[o] // an earlier answer may be from before these bills
		}
		if !ok || len(j.groups) == 0 {
			continue
		}
		for _, s := range o.known(parameter, night) {
			v, _ := s.at(night)
			at, stands := t.stands[s]
			here := j.on(at)
			switch {
			case stands && max(at-day, day-at) > window || stands && here == nil && !t.looksAt(at):
				j.away = true
				j.elsewhere = j.elsewhere || at < day && t.days[at].has(s, success)
				continue
			case !stands || here == nil: // or its bill is there no more, and it moves
				here = t.place(j, schema.DayOf(v.time))
			}
			j.shared = append(j.shared, &shared{settlement: s, settleVersion: v, group: here})
		}
	}
	j.sort()
	return j
}

// answer returns the night of the last answer, not after another night, that was given
// to a look at a day of the window on which the order had bills.
func (t *Truth) answer(o *order, parameter string, day schema.Day, until int) (night int, ok bool) {
	window := schema.Day(t.p.config.Lookback)
	for _, n := range t.p.answers(o, parameter) {
		look := t.looks[n]
		for other := max(day-window, look[0]); other <= min(day+window, look[1]) && n <= until; other++ {
			if d := t.days[other]; d != nil {
				if since, seen := d.since[o]; seen && since <= n {
					night, ok = n, true
				}
			}
		}
	}
	return night, ok
}

// add adds the order's forward bills of a day.
func (j *judged) add(o *order, day schema.Day, bills map[string]truthBill) {
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

// place returns the first group of the day to which a settlement of a day counts.
func (t *Truth) place(j *judged, own schema.Day) (best *group) {
	for _, g := range j.groups {
		if t.looksAt(g.day) && (best == nil || g.day <= own && g.day > best.day) {
			best = g
		}
	}
	return best
}

func (t *Truth) looksAt(day schema.Day) bool { return day >= t.look[0] && day <= t.look[1] }

// on returns the first group of a day.
func (j *judged) on(day schema.Day) *group {
	at := slices.IndexFunc(j.groups, func(g *group) bool { return g.day == day })
	if at < 0 {
		return nil
	}
	return j.groups[at]
}

// judge publishes the day: its groups and its settlements.
func (t *Truth) judge(day schema.Day) {
	d := t.days[day]
	published := d.settlements
	d.settlements, d.groups = nil, nil
	for _, o := range t.ordersOf(day) {
		j := t.window(o, day, t.p.config.Nights)
		j.match()
		for _, g := range j.groups {
			if g.day == day {
				d.groups = append(d.groups, j.line(o, g))
			}
		}
		for _, s := range j.shared {
			if s.group.day == day {
				d.settlements = append(d.settlements, placed{s.settlement, s.settleVersion, false})
			}
		}
	}
	for _, s := range published {
		if s.status == success && !t.billed(s.order, day) {
			s.removed = true
			d.settlements = append(d.settlements, s)
		}
	}
	maps.DeleteFunc(t.stands, func(_ *settlement, at schema.Day) bool { return at == day })
	for _, s := range d.settlements {
		t.stands[s.settlement] = day
	}
	d.groups = append(d.groups, d.apart(day)...)
	d.groups = append(d.groups, d.paidForNothing(day)...)
}

// has says that a settlement stands on the day with a status.
func (d *truthDay) has(s *settlement, status string) bool {
	return slices.ContainsFunc(d.settlements, func(p placed) bool { return p.settlement == s && p.status == status })
}

// billed says that the order has a forward bill within the day's window.
func (t *Truth) billed(o *order, day schema.Day) bool {
	window := schema.Day(t.p.config.Lookback)
	for _, b := range o.bills {
		if d := t.days[b.day]; !b.refund && d != nil && b.day >= day-window && b.day <= day+window {
			if _, ok := d.bills[b.ledger]; ok {
				return true
			}
		}
	}
	return false
}

// NeverWalked says that the account was refused whenever the day was looked at.
func (t *Truth) NeverWalked(account schema.AccountID, day schema.Day) bool {
	for u := range t.walked {
		if u.Account.ID == account && u.Day == day {
			return false
		}
	}
	return true
}
