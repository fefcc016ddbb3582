package sandbox

import (
	"cmp"
	"slices"
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
