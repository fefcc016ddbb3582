package sandbox

import (
	"cmp"
	"slices"
	"time"

	"billwalk/schema"
)

// reconciled is an order with what was walked of it: each settlement counted to
// a day, and each bill to its group.
type reconciled struct {
	order       *order
	phase       phase
	bills       []walkedBill
	settlements []settlement
	days        []schema.Day // of each settlement
	named       map[string]bool
}

func (p *Platform) reconciled(o *order, bills []walkedBill, at time.Time, deliveries []Notified) *reconciled {
	r := &reconciled{order: o, phase: o.phase(at), bills: bills, settlements: p.world.settlements(o, at), named: map[string]bool{}}
	for _, n := range deliveries {
		r.learn(p.told(o, n))
	}
	for i := range r.settlements {
		r.days = append(r.days, r.dayOf(&r.settlements[i]))
		r.named[r.settlements[i].item] = true
	}
	return r
}

// learn takes what callbacks tell beside what the query does.
func (r *reconciled) learn(told []settlement) {
	for _, t := range told {
		for i := range r.settlements {
			if s := &r.settlements[i]; s.settleID == t.settleID {
				s.item, s.notified = t.item, true
			}
		}
	}
}

// dayOf returns the latest walked day of the order that is not after the
// settlement's own, or else the earliest; without a time the latest.
func (r *reconciled) dayOf(s *settlement) schema.Day {
	days := make([]schema.Day, 0, len(r.bills))
	for i := range r.bills {
		days = append(days, r.bills[i].day)
	}
	if s.time == 0 {
		return slices.Max(days)
	}
	own := schema.DayOf(time.UnixMilli(s.time))
	before := slices.DeleteFunc(slices.Clone(days), func(day schema.Day) bool { return day > own })
	if len(before) == 0 {
		return slices.Min(days)
	}
	return slices.Max(before)
}

// groupKey tells the groups of one order apart.
type groupKey struct {
	account schema.AccountID
	day     schema.Day
	item    string
}

func (r *reconciled) groupOf(b *walkedBill) groupKey {
	key := groupKey{account: b.account, day: b.day}
	if r.named[b.item] {
		key.item = b.item
	}
	return key
}

// verdicts returns the order's groups. What they deserve is the story's word;
// here the rows are counted and added up.
func (r *reconciled) verdicts() []Verdict {
	rows, billed := map[groupKey]*Verdict{}, map[groupKey]int64{}
	for i := range r.bills {
		b := &r.bills[i]
		key := r.groupOf(b)
		if rows[key] == nil {
			rows[key] = &Verdict{Account: b.account, Day: b.day, GroupKey: b.key, ShopOrderID: b.shop}
			if key.item != "" {
				rows[key].GroupKey += "/" + key.item
			}
		}
		rows[key].Bills++
		billed[key] += b.total
	}
	settled := map[groupKey]int64{}
	for i := range r.settlements {
		key := r.placeOf(i, rows)
		rows[key].Settlements++
		if r.settlements[i].status == statusSuccess {
			settled[key] += r.settlements[i].fen[legTotal]
		}
	}
	verdicts := make([]Verdict, 0, len(rows))
	for key, row := range rows {
		out := r.phase.judge(r.order, group{day: key.day, item: key.item, whole: len(r.bills) == len(r.order.lines), own: r.own(key.day)})
		row.Verdict, row.MatchedBy = out.verdict, out.matchedBy
		if out.verdict == matched && key.item != "" { // the narrowest tier comes first
			row.MatchedBy = perItem
		}
		if out.verdict == matched || out.verdict == mismatched {
			diff := settled[key] - billed[key]
			row.DiffTotal = &diff
		}
		verdicts = append(verdicts, *row)
	}
	return verdicts
}

// placeOf returns the group that the settlement is counted to: its item's, else
// that of the bills without one, else any; of several the first by account and item.
func (r *reconciled) placeOf(i int, rows map[groupKey]*Verdict) groupKey {
	strangeness := func(key groupKey) int {
		switch key.item {
		case r.settlements[i].item:
			return 0
		case "":
			return 1
		}
		return 2
	}
	var best groupKey
	for key := range rows {
		if key.day != r.days[i] {
			continue
		}
		order := cmp.Or(cmp.Compare(strangeness(key), strangeness(best)), cmp.Compare(key.account, best.account), cmp.Compare(key.item, best.item))
		if best.account == "" || order < 0 {
			best = key
		}
	}
	return best
}

// own says that the settlements of the day are of the day's own bills.
func (r *reconciled) own(day schema.Day) bool {
	for i, s := range r.settlements {
		if r.days[i] == day && s.day != day {
			return false
		}
	}
	return true
}

func (r *reconciled) settled() []Settled {
	var all []Settled
	for i := range r.settlements {
		row := r.settlements[i].row(r.days[i])
		for _, b := range r.bills {
			if b.day == row.Day && (row.Account == "" || b.account < row.Account) {
				row.Account = b.account
			}
		}
		all = append(all, row)
	}
	return all
}

// wholly says that callbacks alone tell the order's settlements, some at least.
func (r *reconciled) wholly() bool {
	linked := false
	for i := range r.settlements {
		s := &r.settlements[i]
		if !s.notified {
			return false
		}
		linked = linked || s.orderID == r.order.shop || slices.ContainsFunc(r.bills, func(b walkedBill) bool { return s.item != "" && b.item == s.item })
	}
	return linked
}
