package schema

import (
	"strings"
	"time"
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
		required(textOf[Verdict](), Column{Name: "verdict", Label: "对账结论", Doc: oneOf(Verdicts)},
			func(r *row) *Verdict { return &r.Verdict }),
		nullable(textOf[Tier](), Column{Name: "matched_by", Label: "匹配方式", Doc: oneOf(Tiers) + "; NULL unless matched"},
			func(r *row) *Null[Tier] { return &r.MatchedBy }),
		always(texts, Column{Name: "reasons", Label: "原因", Doc: "why: " + forms() + ". settlement_unexplained beside settlement_only: " + UnmatchedCauses},
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

// oneOf lists values in words: "a, b or c".
func oneOf[T ~string](values []T) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}
