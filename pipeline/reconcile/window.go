package reconcile

import (
	"cmp"
	"slices"

	"billwalk/schema"
)

// window is an order with all that its window holds, sorted into groups.
type window struct {
	rules       *Rules
	key         string
	order       *Order
	days        []schema.Day    // that have bills, ascending
	built       []schema.Day    // of them, those that take settlements which stand nowhere
	groups      []group         // by account, day, item
	settlements []settlement    // by settle_id and item
	items       map[string]bool // that settlements name
	steps       int             // of matching that closed something, or made a pair
	offsets     *offsets        // of the steps, once offsetBy was called
}

// group is the order's bills of one account on one day, and of one item if it
// is not "".
type group struct {
	account schema.AccountID
	day     schema.Day
	item    string
	bills   []bill        // at least one
	settled []*settlement // that belong to it
	finding
}

// finding is what was found out about a group.
type finding struct {
	verdict   schema.Verdict
	matchedBy schema.Tier // that closed the group, whatever its verdict; "" while it is open
	reasons   []string
}

func (f *finding) open() bool { return f.matchedBy == "" }

type bill struct {
	*Bill
	item string      // its item_order_id if a settlement names that, else ""
	pair *settlement // of the tier amount
	step int         // of matching that closed it or gave it its pair; 0 for none
}

type settlement struct {
	*schema.Settlement
	item   string
	legs   schema.Legs
	group  *group // its day is the settlement's bill_date
	closed bool   // a tier has used it
	paired bool   // of the tier amount
	step   int    // of matching that closed it or gave it its pair; 0 for none
}

func newSettlement(s *schema.Settlement) settlement {
	return settlement{
		Settlement: s, item: id(s.ItemOrderID),
		legs: schema.Legs{schema.LegTotal: s.Amount, schema.LegFee: s.Rake, schema.LegCommission: s.Commission, schema.LegNet: s.SharesTotal},
	}
}

// compare orders settlements by settle_id and item: together they are unique.
func (s *settlement) compare(other *settlement) int {
	return cmp.Or(cmp.Compare(s.SettleID, other.SettleID), cmp.Compare(s.item, other.item))
}

// window sorts out what lies within the lookback of the day.
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
	if w.built = w.days; o.Built != nil {
		w.built = slices.DeleteFunc(slices.Clone(w.days), func(day schema.Day) bool { return !o.Built[day] })
	}
	if len(w.built) == 0 {
		w.built = w.days
	}
	w.group(bills)
	w.settle()
	return w
}

// item returns the bill's item if a settlement names it, else "".
func (w *window) item(b *Bill) string {
	if w.items[b.ItemOrderID] {
		return b.ItemOrderID
	}
	return ""
}

// group cuts the bills into groups.
func (w *window) group(bills []bill) {
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

// place returns the settlement's bill_date: the day where it stands, else of the days
// with bills that are built the latest that is not after its own day, else the
// earliest; without a time, the latest.
func (w *window) place(s *settlement) schema.Day {
	if day, stands := w.order.Stands[s.SettleID]; stands && slices.Contains(w.days, day) {
		return day
	}
	place := w.built[0]
	for _, day := range w.built {
		if !s.SettleTime.Valid || day <= schema.DayOf(s.SettleTime.V) {
			place = day
		}
	}
	return place
}

// settle gives each settlement its group on its bill_date: the first of its item, else
// the first without item, else the first of all.
func (w *window) settle() {
	if len(w.groups) == 1 {
		for i := range w.settlements {
			w.settlements[i].belongsTo(&w.groups[0])
		}
		return
	}
	type place struct {
		day  schema.Day
		item string
	}
	first, ofItem := make(map[schema.Day]*group), make(map[place]*group)
	for i := range w.groups {
		g := &w.groups[i]
		if first[g.day] == nil {
			first[g.day] = g
		}
		if at := (place{g.day, g.item}); ofItem[at] == nil {
			ofItem[at] = g
		}
	}
	for i := range w.settlements {
		s := &w.settlements[i]
		day := w.place(s)
		s.belongsTo(cmp.Or(ofItem[place{day, s.item}], ofItem[place{day, ""}], first[day]))
	}
}

func (s *settlement) belongsTo(g *group) {
	s.group, g.settled = g, append(g.settled, s)
}
