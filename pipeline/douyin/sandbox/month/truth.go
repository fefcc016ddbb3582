package month

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// Truth is what a lake must hold after each run of a job. The job has the platform's
// accounts and the match rules order_id: shop_order_id and out_order_no: order_ext_id.
// The rules are those of the design, written once more. Truth takes the queried orders
// from the platform; those that must have been queried are in [Truth.Due].
type Truth struct {
	p           *Platform
	latest      [2]schema.Day         // the first and the last day of the latest run or replay: only these days take new settlements
	runs        map[int][2]schema.Day // by night: the first and the last day of its run
	walked      map[schema.Unit]int   // the night of the last walk that was not refused
	days        map[schema.Day]*truthDay
	publishedOn map[*settlement]schema.Day // where each settlement was first published, and stays

	Due      []string                // shop_order_ids of the orders that the latest run had to query, because they did not agree
	Restated map[schema.Day][]string // the restatements of each day, as lines
}

// truthDay is a published day.
type truthDay struct {
	bills       map[string]truthBill // by ledger_id
	settlements []publishedSettlement
	groups      []string
	firstSeen   map[*order]int // the night that first found a bill of the order on the day
}

type truthBill struct {
	*bill
	legs legs
	walk schema.AccountID
}

type publishedSettlement struct {
	*settlement
	settleVersion
	billRemoved bool
}

// NewTruth returns the truth of an empty lake.
func NewTruth(p *Platform) *Truth {
	return &Truth{p: p, runs: map[int][2]schema.Day{}, walked: map[schema.Unit]int{}, days: map[schema.Day]*truthDay{}, publishedOn: map[*settlement]schema.Day{}, Restated: map[schema.Day][]string{}}
}

// Run updates the truth by a run of the days from..to in a night, after its queries were
// answered.
func (t *Truth) Run(night int, from, to schema.Day) {
	t.latest = [2]schema.Day{from, to}
	t.runs[night] = t.latest
	before := map[schema.Day]map[string]truthBill{}
	walkedBefore := maps.Clone(t.walked)
	for day := from; day <= to; day++ {
		if t.days[day] == nil {
			t.days[day] = &truthDay{firstSeen: map[*order]int{}}
		}
		before[day] = t.days[day].bills
		for _, a := range t.p.Accounts() {
			if t.p.refusal(night).account != a.ID {
				t.walked[schema.Unit{Account: a, Day: day}] = night
			}
		}
		t.days[day].bills = t.unionOfWalks(day)
		for _, o := range t.ordersOf(day) {
			if _, seen := t.days[day].firstSeen[o]; !seen {
				t.days[day].firstSeen[o] = night
			}
		}
	}
	t.Due = t.dueOrders(night, from, to)
	for day := from; day <= to; day++ {
		t.recordRestatements(day, before[day], walkedBefore)
	}
	for day := from; day <= to; day++ {
		t.publish(day)
	}
}

// Replay publishes all days again, with all answers since.
func (t *Truth) Replay() {
	days := slices.Sorted(maps.Keys(t.days))
	t.latest = [2]schema.Day{days[0], days[len(days)-1]}
	for _, day := range days {
		t.publish(day)
	}
}

// unionOfWalks returns the day's bills: those of each account's last walk. A bill of two
// walks is that of the payee's own.
func (t *Truth) unionOfWalks(day schema.Day) map[string]truthBill {
	all := map[string]truthBill{}
	for _, a := range t.p.Accounts() { // the root first
		night, ok := t.walked[schema.Unit{Account: a, Day: day}]
		if !ok {
			continue
		}
		for _, b := range t.p.billsFor(a, day, night) {
			v, _ := b.at(night)
			all[b.ledger] = truthBill{b, v.legs, a.ID}
		}
	}
	return all
}

// recordRestatements records the day's restatements: the changes that walks found which
// were published before. A bill that another walk of the day already had is not added.
func (t *Truth) recordRestatements(day schema.Day, before map[string]truthBill, walkedBefore map[schema.Unit]int) {
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
		if _, ok := before[id]; !ok && t.foundByKnownWalk(is.bill, walkedBefore) {
			note(is.bill, "added", is.sign()*is.legs[0])
		}
	}
	slices.Sort(t.Restated[day])
}

// foundByKnownWalk reports whether one of the walks that find the bill was published
// before.
func (t *Truth) foundByKnownWalk(b *bill, walkedBefore map[schema.Unit]int) bool {
	return slices.ContainsFunc(t.p.Accounts(), func(a schema.Account) bool {
		u := schema.Unit{Account: a, Day: b.day}
		_, known := walkedBefore[u]
		return known && slices.Contains(t.p.billsFor(a, b.day, t.walked[u]), b)
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

// dueOrders returns the orders of the days that do not agree by what was known before the
// night.
func (t *Truth) dueOrders(night int, from, to schema.Day) (due []string) {
	for day := from; day <= to; day++ {
		for _, o := range t.ordersOf(day) {
			j := t.window(o, day, night-1)
			j.match()
			agrees := len(j.settlements) > 0
			for _, g := range j.groups {
				agrees = agrees && j.verdictOf(g).verdict == "matched"
			}
			if !agrees {
				due = append(due, o.key)
			}
		}
	}
	slices.Sort(due)
	return slices.Compact(due)
}

// publish reconciles the day, and sets its groups and settlements.
func (t *Truth) publish(day schema.Day) {
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
		for _, s := range j.settlements {
			if s.group.day == day {
				d.settlements = append(d.settlements, publishedSettlement{s.settlement, s.settleVersion, false})
			}
		}
	}
	for _, s := range published {
		if s.status == success && !t.hasBill(s.order, day) {
			s.billRemoved = true
			d.settlements = append(d.settlements, s)
		}
	}
	maps.DeleteFunc(t.publishedOn, func(_ *settlement, at schema.Day) bool { return at == day })
	for _, s := range d.settlements {
		t.publishedOn[s.settlement] = day
	}
	d.groups = append(d.groups, d.refundLines(day)...)
	d.groups = append(d.groups, d.removedBillLines(day)...)
}

// hasSettlement reports whether the day has the settlement with the status.
func (d *truthDay) hasSettlement(s *settlement, status string) bool {
	return slices.ContainsFunc(d.settlements, func(p publishedSettlement) bool { return p.settlement == s && p.status == status })
}

// hasBill reports whether the order has a forward bill in the day's window.
func (t *Truth) hasBill(o *order, day schema.Day) bool {
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

// NeverWalked reports whether the account was refused in every run of the day.
func (t *Truth) NeverWalked(account schema.AccountID, day schema.Day) bool {
	for u := range t.walked {
		if u.Account.ID == account && u.Day == day {
			return false
		}
	}
	return true
}
