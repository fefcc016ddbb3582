package sandbox

import (
	"strconv"

	"billwalk/schema"
)

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
