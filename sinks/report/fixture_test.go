package report

import (
	"time"

	"billwalk/schema"
)

// fixture returns a small report in which everything occurs that a page has to show: days
// and accounts without data, each verdict, an amount that is not known, text that HTML and
// spreadsheets would take for code, and sums that foot.
func fixture() *Report {
	const from, shop, other = schema.Day(20782), schema.AccountID("7113893944009705516"), schema.AccountID("7047437174853240835")
	at := from.Start().Add(52 * time.Hour)
	some := func(fen schema.Fen) Amount { return Amount(schema.Some(fen)) }
	first := Figures{
		Sums: Sums{Bills: 6, Uncounted: 1, Forward: 30000, Refund: -1200, Other: -300, Net: 28500, Merchant: 26000, UnknownDirection: 1},
		Bridge: Bridge{Forward: 30000, Settled: 20650, Terms: []Term{
			{TermBillOnly, -10000, 1}, {TermSettlementOnly, 0, 0}, {TermMismatched, 650, 1}}},
		Verdicts: []VerdictSum{
			{Verdict: schema.Matched, Groups: 1, Billed: 10000, Settled: 10000},
			{Verdict: schema.Mismatched, Groups: 1, Billed: 10000, Settled: 10650, Diff: 650, Over: 650},
			{Verdict: schema.BillOnly, Groups: 1, Billed: 10000},
			{Verdict: schema.NotApplicable, Groups: 2},
		},
		Doubtful: Doubtful{1, 4000, 4000},
		Errors:   1,
	}
	unmatched := Figures{
		Bridge:   Bridge{Settled: 824, Terms: []Term{{TermSettlementOnly, 824, 1}}},
		Verdicts: []VerdictSum{{Verdict: schema.SettlementOnly, Groups: 1, Settled: 824}},
	}
	total := first
	total.Bridge = Bridge{Forward: 30000, Settled: 21474}
	for _, code := range TermCodes {
		term := map[TermCode]Term{TermBillOnly: {TermBillOnly, -10000, 1}, TermMismatched: {TermMismatched, 650, 1}, TermSettlementOnly: {TermSettlementOnly, 824, 1}}[code]
		term.Code = code
		total.Bridge.Terms = append(total.Bridge.Terms, term)
	}
	total.Verdicts = []VerdictSum{first.Verdicts[0], first.Verdicts[1], first.Verdicts[2], unmatched.Verdicts[0], first.Verdicts[3]}
	rate, median := int64(250), int64(100)
	return &Report{
		Job: "nightly", From: from, To: from + 1, MadeAt: at, Billwalk: "1.2.3", Lake: "s3://lake/prod", ReplyBy: from + 5,
		AsOf:  AsOf{at.Add(-time.Minute), 3, "01J0"},
		Close: Close{Blockers: []Blocker{{Code: UnitsAbsent, Count: 3}, {Code: DirectionUnknown, Count: 1}}},
		Total: total,
		Waterfall: Waterfall{
			{StepOriginal, 36000, false, 3}, {StepMerchantTicket, -4000, false, 1}, {StepPlatformTicket, -2000, false, 1}, {StepLedgerTicket, 0, false, 0},
			{StepTotalUnknown, 0, false, 0}, {StepTotalBroken, 0, false, 0}, {StepLedgerTotal, 30000, true, 3},
			{StepFee, -750, false, 3}, {StepCommission, -1500, false, 2}, {StepInsurance, -50, false, 1},
			{StepGoodsUnknown, -200, false, 1}, {StepGoodsBroken, 0, false, 0}, {StepGoods, 27500, true, 3},
			{StepRefund, -1200, false, 1}, {StepOther, -300, false, 1}, {StepMerchant, 26000, true, 5},
		},
		Accounts: []Account{
			{ID: shop, Name: "某某餐饮 <b>&\"总部\"", Root: true, Days: map[State]int{Complete: 1, Failed: 1}, Figures: first},
			{ID: other, Name: "=HYPERLINK(\"http://x\")", Days: map[State]int{Unavailable: 1, Missing: 1}},
			{Figures: unmatched},
		},
		Units: []Unit{
			{Day: from, Account: shop, State: Complete, Generation: 3, Figures: first},
			{Day: from, Account: other, State: Unavailable, Reason: "手动提现", Code: 6000001, LogID: "2026112604120001", Generation: 3},
			{Day: from, Generation: 3, State: Complete, Figures: unmatched},
			{Day: from + 1, Account: shop, State: Failed, Reason: "access token of 西安面馆 is not authorised", Code: 2190008, LogID: "2026112604120002", Hint: Text{"请商家授权", "the merchant must authorise the app"}, Generation: 2},
			{Day: from + 1, Account: other, State: Missing},
		},
		Orders: Orders{
			Open:     OrderSum{3, 20000, 11474, 11474},
			Resolved: OrderSum{1, 2000, 2300, 300},
			Closed:   OrderSum{1, 8000, 7700, 0},
			ResolvedList: []Order{{Key: "1005", Order: "1005", Account: shop, Store: "7001", Verdict: schema.Mismatched, Reasons: []string{"total_differs"}, First: from, Last: from, Age: 1, Groups: 2, Stake: 300,
				Legs:  [4]Leg{{some(2000), some(2300), some(300)}},
				Noted: &Resolution{Resolved, "=平台已补 <b>", "李会计", at, some(300)}}},
			List: []Order{
				{Key: "1001", Order: "1001", Account: shop, Store: "7001", Verdict: schema.BillOnly, First: from, Last: from, Age: 1, Groups: 1, Stake: 10000,
					Legs: [4]Leg{{Billed: some(10000), Diff: some(-10000)}, {Billed: some(250), Diff: some(-250)}}},
				{Key: "1002", Order: "1002", Account: shop, Store: "7002", Verdict: schema.Mismatched, Reasons: []string{"total_differs", "fee_not_billed"}, Noted: &Resolution{Reopened, "平台已补", "王", at, some(1)}, First: from, Last: from + 1, Age: 1, Groups: 2, Stake: 650,
					Legs: [4]Leg{{some(10000), some(10650), some(650)}, {Settled: some(106)}, {some(0), some(0), some(0)}, {some(9000), some(9650), some(650)}},
					Drill: &Drill{
						Bills: []Bill{{Day: from, Account: shop, LedgerID: "9001", Store: "7002", Product: "双人套餐<script>", SettleType: 1, Counted: true,
							Legs: [4]Amount{some(10000), {}, some(0), some(9000)}, Time: &at, LogID: "2026112604120003", FetchedAt: at, Source: "archive/bills/x"}},
						Settlements: []Settlement{{Day: from, SettleID: "8001", Status: schema.StatusSuccess, Legs: [4]Amount{some(10650), some(106), some(0), some(9650)},
							Time: &at, LogID: "2026112604120004", FetchedAt: at, Source: schema.SourceBoth, AskedBy: "order_id: shop_order_id"}},
					}},
				{Key: "settlement:8009", Verdict: schema.SettlementOnly, Reasons: []string{"settlement_unexplained"}, First: from, Last: from, Age: 1, Groups: 1, Stake: 824,
					Legs: [4]Leg{{Settled: some(824), Diff: some(824)}}},
			},
		},
		Withdrawals: fixtureWithdrawals(from, string(shop), at),
		Ages: []Age{
			{schema.Mismatched, AgeBands[0], OrderSum{1, 10000, 10650, 650}, 0},
			{schema.BillOnly, AgeBands[0], OrderSum{1, 10000, 0, 10000}, 0},
			{schema.SettlementOnly, AgeBands[0], OrderSum{1, 0, 824, 824}, 0},
		},
		Stores: []Store{
			{Account: shop, ID: "7001", Bills: 2, Total: 20000, Fee: 500, Rate: &rate, Median: &median, Outlying: true},
			{Account: shop, ID: "", Unknown: 1, Median: &median},
		},
		AllStores: Store{Bills: 2, Unknown: 1, Total: 20000, Fee: 500, Rate: &rate},
		Exceptions: []RuleCount{{Rule: schema.RuleUnknownDirection, Severity: schema.SeverityError, Count: 1,
			Examples: []Exception{{Day: from, Account: string(shop), LedgerID: "9004", Order: "1004", Detail: Text{"结算类型 9 不在平台文档中", "settle_type 9 is not documented"}}}}},
		Restatements: []Restatements{{Day: from, Changed: 1, Total: -100, Merchant: -90,
			Examples: []Restatement{{Account: shop, LedgerID: "9001", Order: "1002", Change: schema.Changed, Columns: []string{"ledger_total_fen"}, Total: some(-100), Merchant: some(-90), OldGeneration: 1, NewGeneration: 2, At: at}}}},
		Refunds: Refunds{Since: from - 7, Bills: 1, Refund: -1200, Orders: 1, List: []RefundedOrder{{Key: "1003", Account: shop, Bills: 1, Refund: -1200, Settled: 4000, Since: &at, First: from, Last: from}},
			Stores: []RefundedStore{{Account: shop, Store: "7001", Bills: 1, Refund: -1200}}},
		Doubts: []Doubt{{from, shop, "1003/=1", some(4000), some(4000), []schema.Rule{schema.RuleUnknownDirection}}},
		Closed: []ClosedDay{{"张", at.Add(-time.Hour), 1, Restatements{Day: from, Changed: 1, Total: -100, Merchant: -90, Examples: []Restatement{}}}},
		Glossary: map[string]Word{
			"change:changed":         {Label: Text{"变更", "changed"}},
			"state:failed":           {Label: Text{"失败", "failed"}},
			"verdict:mismatched":     {Label: Text{"差异", "mismatched"}, Meaning: Text{"不一致", "they do not agree"}},
			"reason:total_differs":   {Label: Text{"总额不符", "total differs"}, Advice: Text{"核对订单实付与分账金额", "compare the order"}},
			"withdraw:mismatched":    {Label: Text{"差异", "mismatched"}, Advice: Text{"到来客核对这笔提现", "look the withdrawal up"}},
			"rule:unknown_direction": {Label: Text{"收支方向不明", "direction not known"}},
		},
	}
}
