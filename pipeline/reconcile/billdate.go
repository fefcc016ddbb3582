package reconcile

import "billwalk/schema"

// BillDate returns the day on which a settlement of an order counts that has no day yet: of
// days with bills, ascending, the latest that is not after its own day, else the earliest;
// without a time, the latest. Days that do not know of the settlement are left out.
func (r *Rules) BillDate(days []schema.Day, bills []Bill, s *schema.Settlement) schema.Day {
	if len(days) == 1 {
		return days[0]
	}
	latest, found := days[0], false
	asked, known := r.asked(s)
	for _, day := range days {
		if known && !r.finds(day, bills, asked) {
			continue
		}
		if !found || !s.SettleTime.Valid || day <= schema.DayOf(s.SettleTime.V) {
			latest, found = day, true
		}
	}
	return latest
}

// asked returns the query that found a settlement, if one did and not a callback.
func (r *Rules) asked(s *schema.Settlement) (q schema.Query, known bool) {
	for _, m := range r.Match {
		if s.AskedBy.V == m.String() {
			return schema.Query{Match: m, Value: idOf(s, m.Parameter)}, true
		}
	}
	return q, false
}

// finds reports whether a query may be one for a bill within a day's window. With ids that only
// some of an order's bills have, such as an item's, that is not so on all days of the order. Where
// no bill has the id, nothing is known against a day.
func (r *Rules) finds(day schema.Day, bills []Bill, q schema.Query) bool {
	none := true
	for i := range bills {
		if b := &bills[i]; b.Matches(q) {
			if max(b.Day-day, day-b.Day) <= schema.Day(r.Lookback) {
				return true
			}
			none = false
		}
	}
	return none
}

// idOf returns the settlement's id that a parameter of the settle query names.
func idOf(s *schema.Settlement, parameter string) string {
	switch parameter {
	case "order_id":
		return id(s.OrderID)
	case "out_settle_no":
		return id(s.OutSettleNo)
	case "out_order_no":
		return id(s.OutOrderNo)
	}
	return s.SettleID
}
