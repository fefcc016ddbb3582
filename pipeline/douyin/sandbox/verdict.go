package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"billwalk/schema"
)

// Verdict is what a right reconciliation says of one group of bills.
type Verdict struct {
	Account     schema.AccountID // the configured account whose walk obtained the bills, "" where there are none
	Day         schema.Day
	GroupKey    string // as the table reconciliation has it
	ShopOrderID string
	Verdict     string
	MatchedBy   string // "" unless matched
	Bills       int
	Settlements int    // counted to the day, of any status
	DiffTotal   *int64 // settled less billed, fen; nil where the verdict is no comparison
}

// Verdicts returns what a right reconciliation says of the accounts' bills when
// nothing but the days from and to, both included, was ever walked, and every
// order was asked about at the time. It takes the match rules to be order_id:
// shop_order_id and out_order_no: order_ext_id, no tolerance, and 7 days of
// lookback; bills are those of [Platform.Truth]. A bill that two accounts reach
// is the account's own rather than its brand's. Sorted by day, account and group.
//
// Where callbacks were delivered, none of them later than the time, the items that
// they name are known, and those of orders of which no forward bill was walked
// are groups of their own days.
func (p *Platform) Verdicts(accounts []schema.Account, from, to schema.Day, at time.Time, deliveries ...Notified) []Verdict {
	orders, verdicts := p.walked(accounts, from, to)
	for home, bills := range orders {
		o, _ := p.world.order(home)
		verdicts = append(verdicts, p.reconciled(o, bills, at, deliveries).verdicts()...)
	}
	verdicts = append(verdicts, onlySettled(p.unexplained(orders, from, to, deliveries))...)
	slices.SortFunc(verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account), cmp.Compare(a.GroupKey, b.GroupKey))
	})
	return verdicts
}

// walkedBill is what verdicts need of a forward bill, and the walk that obtained it.
type walkedBill struct {
	day             schema.Day
	account         schema.AccountID
	key, shop, item string
	total           int64
}

// walked returns the forward bills that name an order, by its home, and the
// verdicts on all others: they take no part.
func (p *Platform) walked(accounts []schema.Account, from, to schema.Day) (map[place][]walkedBill, []Verdict) {
	units := unitsOf(accounts, from, to)
	walks := p.walks(units)
	orders, apart := map[place][]walkedBill{}, map[Verdict]int{}
	for at := range p.reached(units) {
		for b := range p.world.settled(at.payee, at.day) {
			if b.SettleType == forward && b.key() != "" {
				orders[b.home] = append(orders[b.home], walkedBill{
					day: at.day, account: walks[at], key: b.key(), shop: b.ShopOrderID, item: b.ItemOrderID,
					total: b.Amount.fen[ledgerTotal] * int64(b.direction),
				})
				continue
			}
			apart[Verdict{Account: walks[at], Day: at.day, GroupKey: b.apartKey(), ShopOrderID: b.ShopOrderID, Verdict: notApplicable}]++
		}
	}
	verdicts := make([]Verdict, 0, len(apart))
	for v, bills := range apart {
		v.Bills = bills
		verdicts = append(verdicts, v)
	}
	return orders, verdicts
}

// walks returns which configured account obtains each payee's day.
func (p *Platform) walks(units []schema.Unit) map[place]schema.AccountID {
	walks := map[place]schema.AccountID{}
	for _, unit := range units {
		for at := range p.reached([]schema.Unit{unit}) {
			if _, known := walks[at]; !known || !unit.Account.Root {
				walks[at] = unit.Account.ID
			}
		}
	}
	return walks
}

// apartKey is the group of a bill that takes no part in the comparison.
func (b *bill) apartKey() string {
	if key := b.key(); key != "" {
		return key + "#non-forward"
	}
	subType := ""
	if b.SettleSubType != 0 {
		subType = strconv.Itoa(b.SettleSubType)
	}
	return "bill:" + b.AccountID + "/" + b.LedgerID + "/" + strconv.Itoa(b.SettleType) + "/" + subType
}

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
