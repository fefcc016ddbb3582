package sandbox

import (
	"cmp"
	"slices"
	"time"

	"billwalk/schema"
)

// reconciliation is an order with its walked bills, and with the day on which each
// settlement counts.
type reconciliation struct {
	order       *order
	phase       phase
	bills       []walkedBill
	settlements []settlement
	days        []schema.Day // of each settlement
	namedItems  map[string]bool
}

func (p *Platform) reconcile(o *order, bills []walkedBill, at time.Time, deliveries []CallbackWindow) *reconciliation {
	r := &reconciliation{order: o, phase: o.phase(at), bills: bills, settlements: p.world.settlements(o, at), namedItems: map[string]bool{}}
	for _, window := range deliveries {
		r.applyCallbacks(p.callbackSettlements(o, window))
	}
	for i := range r.settlements {
		r.days = append(r.days, r.dayOf(&r.settlements[i]))
		r.namedItems[r.settlements[i].item] = true
	}
	return r
}

// applyCallbacks adds the items that callbacks name.
func (r *reconciliation) applyCallbacks(settlements []settlement) {
	for _, c := range settlements {
		for i := range r.settlements {
			if s := &r.settlements[i]; s.settleID == c.settleID {
				s.item, s.inCallback = c.item, true
			}
		}
	}
}

// dayOf returns the day on which the settlement counts: the latest walked day of the
// order that is not after the settlement's own, or else the earliest; without a time,
// the latest.
func (r *reconciliation) dayOf(s *settlement) schema.Day {
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

// groupKey identifies a group of one order.
type groupKey struct {
	account schema.AccountID
	day     schema.Day
	item    string
}

func (r *reconciliation) groupOf(b *walkedBill) groupKey {
	key := groupKey{account: b.account, day: b.day}
	if r.namedItems[b.item] {
		key.item = b.item
	}
	return key
}

// verdicts returns the order's groups. The verdicts are the story's; the rows are
// counted and added up here.
func (r *reconciliation) verdicts() []Verdict {
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
		key := r.groupOfSettlement(i, rows)
		rows[key].Settlements++
		if r.settlements[i].status == statusSuccess {
			settled[key] += r.settlements[i].fen[legTotal]
		}
	}
	verdicts := make([]Verdict, 0, len(rows))
	for key, row := range rows {
		out := r.phase.judge(r.order, group{day: key.day, item: key.item, whole: len(r.bills) == len(r.order.lines), ownOnly: r.ownSettlementsOnly(key.day)})
		row.Verdict, row.MatchedBy = out.verdict, out.matchedBy
		if out.verdict == matched && key.item != "" { // items are matched first
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

// groupOfSettlement returns the group in which the settlement counts: that of its item,
// else that of bills without one, else any; of several the first by account and item.
func (r *reconciliation) groupOfSettlement(i int, rows map[groupKey]*Verdict) groupKey {
	rank := func(key groupKey) int {
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
		order := cmp.Or(cmp.Compare(rank(key), rank(best)), cmp.Compare(key.account, best.account), cmp.Compare(key.item, best.item))
		if best.account == "" || order < 0 {
			best = key
		}
	}
	return best
}

// ownSettlementsOnly reports whether all settlements that count on the day are of the
// day's own bills.
func (r *reconciliation) ownSettlementsOnly(day schema.Day) bool {
	for i, s := range r.settlements {
		if r.days[i] == day && s.day != day {
			return false
		}
	}
	return true
}

func (r *reconciliation) rows() []SettlementRow {
	var all []SettlementRow
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

// coveredByCallbacks reports whether all settlements of the order have callbacks, and
// at least one of them is linked to its bills.
func (r *reconciliation) coveredByCallbacks() bool {
	linked := false
	for i := range r.settlements {
		s := &r.settlements[i]
		if !s.inCallback {
			return false
		}
		linked = linked || s.orderID == r.order.shop || slices.ContainsFunc(r.bills, func(b walkedBill) bool { return s.item != "" && b.item == s.item })
	}
	return linked
}
