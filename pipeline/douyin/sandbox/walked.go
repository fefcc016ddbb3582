package sandbox

import (
	"strconv"

	"billwalk/schema"
)

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
	orders, apart := map[place][]walkedBill{}, map[Verdict]int{}
	for at := range p.obtained(units) {
		for b := range p.world.distinctBills(at.payee, at.day) {
			if b.SettleType == forward && b.key() != "" {
				orders[b.origin] = append(orders[b.origin], walkedBill{
					day: at.day, account: walks[at], key: b.key(), shop: b.ShopOrderID, item: b.ItemOrderID,
					total: b.Amount.fen[ledgerTotal] * int64(b.direction),
				})
				continue
			}
			apart[Verdict{Account: walks[at], Day: at.day, GroupKey: b.nonForwardKey(), ShopOrderID: b.ShopOrderID, Verdict: notApplicable}]++
		}
	}
	verdicts := make([]Verdict, 0, len(apart))
	for v, bills := range apart {
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
