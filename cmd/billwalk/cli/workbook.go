package cli

import (
	"context"
	"iter"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/report"
)

// statementColumns are what a statement shows of bills; coupon codes are not among them.
var statementColumns = []string{
	"walk_account_id", "ledger_id", "counted", "shop_order_id", "poi_id", "group_name", "settle_type", "settle_time", "direction",
	schema.Original.Column(), schema.LedgerTotal.Column(), schema.TotalMerchantPlatformService.Column(), schema.ActualInsured.Column(), schema.Goods.Column(),
	schema.TotalCommission.Column(), schema.TalentCommission.Column(), schema.TotalAgentMerchant.Column(), schema.BrokerCommission.Column(), schema.ClerkCommission.Column(), schema.MallStoreGoods.Column(),
}

// statementBills reads the bills of one account at a time, so that memory does not grow with
// their number.
func statementBills(l *lake.Lake, run *pipeline.Run) report.Bills {
	return func(ctx context.Context, account schema.AccountID) iter.Seq2[report.DayBill, error] {
		return func(yield func(report.DayBill, error) bool) {
			for _, day := range run.Days() {
				for b, err := range l.Bills(ctx, day, account.Bucket(run.Buckets), statementColumns...) {
					if err == nil && b.WalkAccountID != account { // in any order: a bill's payee may be another account
						continue
					}
					if !yield(report.DayBill{Day: day, Bill: b}, err) || err != nil {
						return
					}
				}
			}
		}
	}
}
