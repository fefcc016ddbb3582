package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"billwalk/schema"
)

// Verdict is the result of a correct reconciliation for one group.
type Verdict struct {
	Account     schema.AccountID // the configured account whose walk obtained the bills, "" without bills
	Day         schema.Day
	GroupKey    string // as in the table reconciliation
	ShopOrderID string
	Verdict     string
	MatchedBy   string // "" unless matched
	Bills       int
	Settlements int    // that count on the day, with any status
	DiffTotal   *int64 // settled less billed, in fen; nil unless matched or mismatched
}

// Verdicts returns the result of a correct reconciliation of the accounts' bills, sorted
// by day, account and group, if only the days from..to were ever walked and every order
// was queried at the time. The match rules are order_id: shop_order_id and out_order_no:
// order_ext_id, without a tolerance and with a lookback of 7 days. The bills are those
// of [Platform.Truth]; one that two accounts obtain counts for the store, not the brand.
//
// deliveries are the callbacks that were delivered before the time. The items that they
// name are known, and settlements of orders without walked forward bills are groups of
// their own.
func (p *Platform) Verdicts(accounts []schema.Account, from, to schema.Day, at time.Time, deliveries ...CallbackWindow) []Verdict {
	orders, verdicts := p.forwardBills(accounts, from, to)
	for origin, bills := range orders {
		o, _ := p.world.order(origin)
		verdicts = append(verdicts, p.reconcile(o, bills, at, deliveries).verdicts()...)
	}
	verdicts = append(verdicts, unmatchedVerdicts(p.unmatched(orders, from, to, deliveries))...)
	slices.SortFunc(verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Account, b.Account), cmp.Compare(a.GroupKey, b.GroupKey))
	})
	return verdicts
}

// walkedBill is a forward bill as verdicts need it, with the account that obtained it.
type walkedBill struct {
	day             schema.Day
	account         schema.AccountID
	key, shop, item string
	total           int64
}

// forwardBills returns the forward bills that name an order, by the order's origin, and
// the verdicts of all other bills, which are not compared.
func (p *Platform) forwardBills(accounts []schema.Account, from, to schema.Day) (map[place][]walkedBill, []Verdict) {
	units := unitsOf(accounts, from, to)
	walks := p.walkOf(units)
	orders, others := map[place][]walkedBill{}, map[Verdict]int{}
	for at := range p.obtained(units) {
		for b := range p.world.distinctBills(at.payee, at.day) {
			if b.again {
				continue
			}
			if b.SettleType == forward && b.key() != "" {
				orders[b.origin] = append(orders[b.origin], walkedBill{
					day: at.day, account: walks[at], key: b.key(), shop: b.ShopOrderID, item: b.ItemOrderID,
					total: b.Amount.fen[ledgerTotal] * int64(b.direction),
				})
				continue
			}
			others[Verdict{Account: walks[at], Day: at.day, GroupKey: b.nonForwardKey(), ShopOrderID: b.ShopOrderID, Verdict: notApplicable}]++
		}
	}
	verdicts := make([]Verdict, 0, len(others))
	for v, bills := range others {
		v.Bills = bills
		verdicts = append(verdicts, v)
	}
	return orders, verdicts
}

// walkOf returns the configured account that obtains each payee's day.
func (p *Platform) walkOf(units []schema.Unit) map[place]schema.AccountID {
	walks := map[place]schema.AccountID{}
	for _, unit := range units {
		for at := range p.obtained([]schema.Unit{unit}) {
			if _, known := walks[at]; !known || !unit.Account.Root {
				walks[at] = unit.Account.ID
			}
		}
	}
	return walks
}

// nonForwardKey returns the group key of a bill that is not compared.
func (b *bill) nonForwardKey() string {
	if key := b.key(); key != "" {
		return key + "#non-forward"
	}
	subType := ""
	if b.SettleSubType != 0 {
		subType = strconv.Itoa(b.SettleSubType)
	}
	return "bill:" + b.AccountID + "/" + b.LedgerID + "/" + strconv.Itoa(b.SettleType) + "/" + subType
}

// unmatched returns, once each, the settlements of the days that have callbacks, and
// whose order has no walked bill.
func (p *Platform) unmatched(walked map[place][]walkedBill, from, to schema.Day, deliveries []CallbackWindow) []settlement {
	var list []settlement
	seen := map[[2]string]bool{}
	for _, window := range deliveries {
		for o, settlements := range p.callbackOrders(window) {
			if o != nil && walked[o.origin] != nil {
				continue
			}
			for _, s := range settlements {
				key := [2]string{s.settleID, s.item}
				if day := s.ownDay(); from <= day && day <= to && !seen[key] {
					seen[key] = true
					list = append(list, s)
				}
			}
		}
	}
	return list
}

// unmatchedVerdicts returns the groups of settlements without bills: one for each day,
// order and item.
func unmatchedVerdicts(list []settlement) []Verdict {
	settlements := map[Verdict]int{}
	for i := range list {
		s := &list[i]
		settlements[Verdict{Day: s.ownDay(), GroupKey: s.unmatchedKey(), ShopOrderID: s.orderID, Verdict: settlementOnly}]++
	}
	verdicts := make([]Verdict, 0, len(settlements))
	for v, n := range settlements {
		v.Settlements = n
		verdicts = append(verdicts, v)
	}
	return verdicts
}

func (s *settlement) unmatchedKey() string {
	switch {
	case s.orderID == "":
		return "settlement:" + s.settleID
	case s.item != "":
		return s.orderID + "/" + s.item
	}
	return s.orderID
}
