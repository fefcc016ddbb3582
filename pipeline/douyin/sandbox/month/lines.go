package month

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"billwalk/schema"
)

// The functions of this file return rows of a lake as lines of text.

// line returns the group's row of reconciliation.
func (j *windowedOrder) line(o *order, g *group) string {
	var billed legs
	for _, b := range g.bills {
		billed = billed.add(b.legs, 1)
	}
	var settled legs
	rows := 0
	for _, s := range j.settlements {
		if s.group == g {
			rows++
			if s.status == success {
				settled = settled.add(s.legs, 1)
			}
		}
	}
	return groupLine(g.day, g.account, o.key, j.verdictOf(g), len(g.bills), rows, billed[0], settled[0])
}

func groupLine(day schema.Day, account schema.AccountID, key string, v verdict, bills, settlements int, billed, settled int64) string {
	return fmt.Sprintf("%s %s %s: %s %s %s, %d:%d, %d %d", day, cmp.Or(account, "-"), key, v.verdict, cmp.Or(v.matchedBy, "-"), cmp.Or(v.reason, "-"), bills, settlements, billed, settled)
}

// refundLines returns the reconciliation rows of refunds, by walk and order.
func (d *truthDay) refundLines(day schema.Day) (lines []string) {
	count := map[[2]string]int{}
	for _, b := range d.bills {
		if b.refund {
			count[[2]string{string(b.walk), b.order.key + "#non-forward"}]++
		}
	}
	for of, n := range count {
		lines = append(lines, groupLine(day, schema.AccountID(of[0]), of[1], verdict{"not_applicable", "", "non_forward"}, n, 0, 0, 0))
	}
	return lines
}

// removedBillLines returns the reconciliation rows of settlements whose bills were removed.
func (d *truthDay) removedBillLines(day schema.Day) (lines []string) {
	type sum struct {
		rows int
		fen  int64
	}
	sums := map[string]sum{}
	for _, s := range d.settlements {
		if s.billRemoved {
			was := sums[s.tradeOrderID()]
			sums[s.tradeOrderID()] = sum{was.rows + 1, was.fen + s.legs[0]}
		}
	}
	for key, s := range sums {
		lines = append(lines, groupLine(day, "", key+"#bill_removed", verdict{"settlement_only", "", "bill_removed"}, 0, s.rows, 0, s.fen))
	}
	return lines
}

// Lines returns the rows of a day's tables bills, settlements and reconciliation,
// each sorted.
func (t *Truth) Lines(day schema.Day) (bills, settlements, groups []string) {
	d := t.days[day]
	if d == nil {
		return nil, nil, nil
	}
	for _, id := range slices.Sorted(maps.Keys(d.bills)) {
		b := d.bills[id]
		bills = append(bills, fmt.Sprintf("%s %s %s of %s, %d", day, b.walk, id, b.payee, b.sign()*b.legs[0]))
	}
	for _, s := range d.settlements {
		settlements = append(settlements, fmt.Sprintf("%s %s %s %d", day, s.id, s.status, s.legs[0]))
	}
	groups = slices.Clone(d.groups)
	for _, lines := range [][]string{bills, settlements, groups} {
		slices.Sort(lines)
	}
	return bills, settlements, groups
}

// Story describes an order with its versions, for messages.
func (p *Platform) Story(key string) string {
	o := p.byKey[key]
	if o == nil {
		return ""
	}
	story := o.story
	for _, b := range o.bills {
		story += fmt.Sprintf("\n  bill %s of %s on %s (looked at from night %d):", b.ledger, b.payee, b.day, p.firstNight(b.day))
		for _, v := range b.versions {
			story += fmt.Sprintf(" from night %d %v root %t own %t;", v.night, v.legs, v.root, v.own)
		}
	}
	for _, s := range o.settlements {
		story += fmt.Sprintf("\n  settlement %s:", s.id)
		for _, v := range s.versions {
			story += fmt.Sprintf(" from night %d %s %v, dated %s;", v.night, v.status, v.legs, schema.DayOf(v.time))
		}
	}
	return story
}
