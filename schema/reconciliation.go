package schema

import "time"

// Verdict is what reconciliation says of one group of bills and settlements.
type Verdict string

const (
	Matched        Verdict = "matched"         // 平账
	Mismatched     Verdict = "mismatched"      // 差异: 长款 or 短款 by the sign of diff_total_fen
	BillOnly       Verdict = "bill_only"       // 单边账: 有账单无分账
	SettlementOnly Verdict = "settlement_only" // 单边账: 有分账无账单
	Pending        Verdict = "pending"         // 在途
	SettleFailed   Verdict = "failed"          // 分账失败
	NotApplicable  Verdict = "not_applicable"  // 不参与分账
)

// NeverBilled is why a settlement may have no bill for good, as the bill API's
// page says: a cause of SettlementOnly, and of a settlement that is left over
// beside bills that agree.
const NeverBilled = "a coupon verified and undone or refunded within an hour, of which there is no bill, ever (核销后 1 小时内撤销或退款,平台永不出账单)"

// Verdicts lists all of them, in the order in which people want to see them.
var Verdicts = []Verdict{Matched, Mismatched, BillOnly, SettlementOnly, Pending, SettleFailed, NotApplicable}

// Chinese returns the verdict in the words of the trade.
func (v Verdict) Chinese() string {
	return map[Verdict]string{
		Matched: "平账", Mismatched: "差异", BillOnly: "单边账:有账单无分账", SettlementOnly: "单边账:有分账无账单",
		Pending: "在途", SettleFailed: "分账失败", NotApplicable: "不参与分账",
	}[v]
}

// Tier is how a matched group was matched.
type Tier string

const (
	ByItem        Tier = "item"         // item ids are equal, and their amounts
	ByOrder       Tier = "order"        // the order's totals within the day
	ByOrderWindow Tier = "order_window" // the order's totals over the lookback window
	ByAmount      Tier = "amount"       // each bill has a settlement of its very amount
)

// Leg is one of the amounts that bills and settlements both tell.
type Leg int

const (
	LegTotal      Leg = iota // ledger_total ↔ settle_amount
	LegFee                   // total_merchant_platform_service ↔ rake
	LegCommission            // commissions ↔ commission
	LegNet                   // goods ↔ sum of shares
	LegCount
)

// String returns the leg as columns and reasons name it.
func (l Leg) String() string { return [LegCount]string{"total", "fee", "commission", "net"}[l] }

// Legs are amounts by Leg.
type Legs [LegCount]Null[Fen]

// Reconciliation is the verdict on one group.
type Reconciliation struct {
	WalkAccountID         AccountID
	GroupKey              string
	ShopOrderID           Null[string]
	ItemOrderID           Null[string]
	Verdict               Verdict
	MatchedBy             Null[Tier]
	Reasons               []string
	BillRows              int64
	SettlementRows        int64
	Billed, Settled, Diff Legs
	Refund                Null[Fen]
	FirstSettleTime       Null[time.Time]
	LastSettleTime        Null[time.Time]
}

// TableName implements Row.
func (*Reconciliation) TableName() string { return "reconciliation" }

// UnexplainedCauses is why a settlement may have no bill.
const UnexplainedCauses = "its account is not in jobs.yaml, its day failed for the account, its bill is further away than the lookback (7 days at least), or it is of " + NeverBilled

// Reconciliations is the table reconciliation: one row per group.
var Reconciliations = Table[Reconciliation]{
	Name: "reconciliation", Label: "对账",
	Doc: "One row per group: the forward bills of one order (or item) of one account on one day, or its other bills. " +
		"Every bill is in exactly one group; so is every settlement, those that no bill explains in groups without bills (settlement_only). billed and settled sum what is known; a difference is NULL where a leg is not compared.",
	Fields: reconciliationFields(),
}

func reconciliationFields() []Field[Reconciliation] {
	type row = Reconciliation
	fields := []Field[row]{
		required(textOf[AccountID](), Column{Name: "walk_account_id", Label: "商户", Doc: "the configured account whose bills these are; empty where no bill is (settlement_only)"},
			func(r *row) *AccountID { return &r.WalkAccountID }),
		required(text, Column{Name: "group_key", Label: "对账组", Layout: Ordered, Doc: "unique in account and day: the order, order/item, order#non-forward, ext:…, bill:… without an order, or settlement:… without bill and order"},
			func(r *row) *string { return &r.GroupKey }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Layout: Distinct, Doc: "the order"},
			func(r *row) *Null[string] { return &r.ShopOrderID }),
		nullable(text, Column{Name: "item_order_id", Label: "子订单号", Layout: Distinct, Doc: "the item, where settlements name items"},
			func(r *row) *Null[string] { return &r.ItemOrderID }),
		required(textOf[Verdict](), Column{Name: "verdict", Label: "对账结论", Doc: "matched, mismatched, bill_only, settlement_only, pending, failed or not_applicable"},
			func(r *row) *Verdict { return &r.Verdict }),
		nullable(textOf[Tier](), Column{Name: "matched_by", Label: "匹配方式", Doc: "item, order, order_window or amount; NULL unless matched"},
			func(r *row) *Null[Tier] { return &r.MatchedBy }),
		always(texts, Column{Name: "reasons", Label: "原因", Doc: "why: <leg>_differs, <leg>_not_billed, <leg>_not_settled, nothing_compared, settlement_unexplained, bill_removed, settled_elsewhere, partly_billed, offset_by:<bill_date>/<walk_account_id>[/<item>], retry_in_flight, not_asked, no_key, non_forward, not_configured. " +
			"settlement_unexplained beside settlement_only: " + UnexplainedCauses},
			func(r *row) *[]string { return &r.Reasons }),
		required(int64s, Column{Name: "bill_rows", Label: "账单数", Doc: "bills in the group"},
			func(r *row) *int64 { return &r.BillRows }),
		required(int64s, Column{Name: "settlement_rows", Label: "分账数", Doc: "settlements of this day in the group, of any status"},
			func(r *row) *int64 { return &r.SettlementRows }),
	}
	for leg := range LegCount {
		fields = append(fields,
			fen(Column{Name: "billed_" + leg.String() + "_fen", Label: "账单" + legDocs[leg].label, Layout: Distinct, Doc: legDocs[leg].billed + " of the forward bills"},
				func(r *row) *Null[Fen] { return &r.Billed[leg] }),
			fen(Column{Name: "settled_" + leg.String() + "_fen", Label: "分账" + legDocs[leg].label, Layout: Distinct, Doc: legDocs[leg].settled + " of the successful settlements"},
				func(r *row) *Null[Fen] { return &r.Settled[leg] }),
			fen(Column{Name: "diff_" + leg.String() + "_fen", Label: legDocs[leg].label + "差额", Layout: Distinct, Doc: "settled - billed"},
				func(r *row) *Null[Fen] { return &r.Diff[leg] }))
	}
	return append(fields,
		fen(Column{Name: "refund_fen", Label: "非正向账单金额", Layout: Distinct, Doc: "ledger_total of the bills that are not forward"},
			func(r *row) *Null[Fen] { return &r.Refund }),
		nullable(timestamp, Column{Name: "first_settle_time", Label: "最早分账时间", Doc: "of the group's settlements"},
			func(r *row) *Null[time.Time] { return &r.FirstSettleTime }),
		nullable(timestamp, Column{Name: "last_settle_time", Label: "最晚分账时间", Doc: "of the group's settlements"},
			func(r *row) *Null[time.Time] { return &r.LastSettleTime }),
	)
}

var legDocs = [LegCount]struct{ label, billed, settled string }{
	LegTotal:      {"金额", "ledger_total", "settle_amount"},
	LegFee:        {"手续费", "total_merchant_platform_service", "rake"},
	LegCommission: {"佣金", "total_commission, else the sum of those known of talent, agent, broker, clerk and mall store (NULL if none of the first four is),", "commission"},
	LegNet:        {"商家所得", "goods", "shares"},
}
