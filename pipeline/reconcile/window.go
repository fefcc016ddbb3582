package reconcile

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// window is the part of an order within the window of a day, sorted into groups.
type window struct {
	rules       *Rules
	key         string
	order       *Order
	days        []schema.Day    // days with bills, ascending
	built       []schema.Day    // of them, those that may get settlements that were not published before
	groups      []group         // by account, day, item
	settlements []settlement    // by settle_id and item
	items       map[string]bool // that settlements name
	steps       int             // number of steps of matching so far: each closed a set, or made a pair
	offsets     *offsets        // set by the first call of offsetReasons
}

// group is the order's bills of one account on one day and, unless item is "", of
// that item.
type group struct {
	account schema.AccountID
	day     schema.Day
	item    string
	bills   []bill        // at least one
	settled []*settlement // its settlements, of any status
	finding
}

// finding is the result for a group.
type finding struct {
	verdict   schema.Verdict
	matchedBy schema.Tier // tier that closed the group, even if its match was taken back; "" while it is open
	reasons   []string
	cause     schema.Cause // of a mismatch
}

func (f *finding) open() bool { return f.matchedBy == "" }

type bill struct {
	*Bill
	item string      // its item_order_id if a settlement names it, else ""
	pair *settlement // in the tier amount
	step int         // number of the step that closed or paired it; 0 for none
}

type settlement struct {
	*schema.Settlement
	item   string
	legs   schema.Legs
	group  *group // its day is the settlement's bill_date
	closed bool   // by a tier
	paired bool   // in the tier amount
	step   int    // number of the step that closed or paired it; 0 for none
}

func newSettlement(s *schema.Settlement) settlement {
	return settlement{
		Settlement: s, item: id(s.ItemOrderID),
		legs: schema.Legs{schema.LegTotal: s.Amount, schema.LegFee: s.Rake, schema.LegCommission: s.Commission, schema.LegNet: s.SharesTotal},
	}
}

// compare orders settlements by settle_id and item, which are unique together.
func (s *settlement) compare(other *settlement) int {
	return cmp.Or(cmp.Compare(s.SettleID, other.SettleID), cmp.Compare(s.item, other.item))
}

// offsets has the groups whose share differs in some step.
type offsets struct {
	steps map[*group][]int // steps by group
	first [][]*group       // groups by step, the first maxOffsets+1 by place: one of them may be the group itself
}

// window returns the part of the order within the lookback of the day.
func (r *Rules) window(day schema.Day, o *Order) *window {
	w := &window{rules: r, key: o.Key, order: o, settlements: make([]settlement, len(o.Settlements))}
	for i := range o.Settlements {
		w.settlements[i] = newSettlement(&o.Settlements[i])
	}
	slices.SortFunc(w.settlements, func(a, b settlement) int { return a.compare(&b) })
	for i := range w.settlements {
		if item := w.settlements[i].item; item != "" {
			if w.items == nil {
				w.items = make(map[string]bool)
			}
			w.items[item] = true
		}
	}
	bills := make([]bill, 0, len(o.Bills))
	for i := range o.Bills {
		if b := &o.Bills[i]; max(b.Day-day, day-b.Day) <= schema.Day(r.Lookback) {
			bills = append(bills, bill{Bill: b, item: w.item(b)})
			w.days = append(w.days, b.Day)
		}
	}
	if len(bills) == 0 {
		return w
	}
	slices.Sort(w.days)
	w.days = slices.Compact(w.days)
	if w.built = w.days; o.BuiltDays != nil {
		w.built = slices.DeleteFunc(slices.Clone(w.days), func(day schema.Day) bool { return !o.BuiltDays[day] })
	}
	if len(w.built) == 0 {
		w.built = w.days
	}
	w.groupBills(bills)
	w.assignSettlements()
	return w
}

// item returns the bill's item if a settlement names it, else "".
func (w *window) item(b *Bill) string {
	if w.items[b.ItemOrderID] {
		return b.ItemOrderID
	}
	return ""
}

// groupBills sets the groups, by account, day and item.
func (w *window) groupBills(bills []bill) {
	compare := func(a, b bill) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Day, b.Day), cmp.Compare(a.item, b.item))
	}
	slices.SortFunc(bills, compare)
	for len(bills) > 0 {
		first, n := bills[0], 1
		for n < len(bills) && compare(first, bills[n]) == 0 {
			n++
		}
		w.groups = append(w.groups, group{account: first.Account, day: first.Day, item: first.item, bills: bills[:n]})
		bills = bills[n:]
	}
}

// billDate returns the day on which the settlement counts: where it was published
// before, else as Rules.BillDate has it among the built days.
func (w *window) billDate(s *settlement) schema.Day {
	if day, ok := w.order.Published[s.SettleID]; ok && slices.Contains(w.days, day) {
		return day
	}
	return w.rules.BillDate(w.built, w.order.Bills, s.Settlement)
}

// assignSettlements gives each settlement its group on its bill_date: the first of its
// item, else the first without an item, else the first of all.
func (w *window) assignSettlements() {
	if len(w.groups) == 1 {
		for i := range w.settlements {
			w.settlements[i].assign(&w.groups[0])
		}
		return
	}
	type dayItem struct {
		day  schema.Day
		item string
	}
	first, ofItem := make(map[schema.Day]*group), make(map[dayItem]*group)
	for i := range w.groups {
		g := &w.groups[i]
		if first[g.day] == nil {
			first[g.day] = g
		}
		if key := (dayItem{g.day, g.item}); ofItem[key] == nil {
			ofItem[key] = g
		}
	}
	for i := range w.settlements {
		s := &w.settlements[i]
		day := w.billDate(s)
		s.assign(cmp.Or(ofItem[dayItem{day, s.item}], ofItem[dayItem{day, ""}], first[day]))
	}
}

// placed returns the settlement with its group.
func (s *settlement) placed(account schema.AccountID, groupKey string) schema.Settlement {
	placed := *s.Settlement
	placed.WalkAccountID, placed.GroupKey = schema.Some(account), schema.Some(groupKey)
	return placed
}

// groupKey returns the group_key of a group.
func (w *window) groupKey(g *group) string {
	if g.item != "" {
		return w.key + "/" + g.item
	}
	return w.key
}

func (s *settlement) assign(g *group) {
	s.group, g.settled = g, append(g.settled, s)
}
