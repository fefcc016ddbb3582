package sandbox

import (
	"cmp"
	"slices"
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
