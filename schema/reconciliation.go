package schema

import (
	"slices"
	"strings"
	"time"
)

// Reconciliation is the verdict on one group.
type Reconciliation struct {
	WalkAccountID         AccountID
	GroupKey              string
	ShopOrderID           Null[string]
	ItemOrderID           Null[string]
	Verdict               Verdict
	MatchedBy             Null[Tier]
	Reasons               []string
	Cause                 Null[Cause] // of a mismatch
	BillRows              int64
	SettlementRows        int64
	Billed, Settled, Diff Legs
	Refund                Null[Fen] // of refund bills; in rows of earlier versions of all bills that are not forward
	Other                 Null[Fen] // of the others that are not forward
	FirstSettleTime       Null[time.Time]
	LastSettleTime        Null[time.Time]
}

// TableName implements Row.
func (*Reconciliation) TableName() string { return "reconciliation" }

// What people call a verdict that is more than one thing.
const (
	labelOver     = "多分"
	labelUnder    = "少分"
	labelOtherLeg = "总额相符，分项不符"
	labelNoKey    = "缺单号"
)

// Label returns the verdict in the words of Chinese accountants, as the view 对账 has it: a
// difference by its sign, and 缺单号 where the settle query had no id to ask with.
func (r *Reconciliation) Label() string {
	switch diff := r.Diff[LegTotal]; {
	case r.Verdict == NotApplicable && slices.Contains(r.Reasons, ReasonNoKey):
		return labelNoKey
	case r.Verdict != Mismatched || !diff.Valid:
		return r.Verdict.Label()
	case diff.V > 0:
		return labelOver
	case diff.V < 0:
		return labelUnder
	}
	return labelOtherLeg
}

// Reconciliations is the table reconciliation: one row per group.
var Reconciliations = Table[Reconciliation]{
	Name: "reconciliation", Label: "对账",
	Doc: "One row per group: the forward bills of one order (or item) of one account on one day, or its other bills. " +
		"Every bill is in exactly one group; so is every settlement, those without a bill in groups without bills (settlement_only). billed and settled sum what is known; a difference is NULL where a leg is not compared.",
	ChineseDoc: "每组一行：一个订单（或子订单）在一个账户、一天内的正向账单，或其非正向账单。每条账单恰好属于一组，每笔分账也是；没有账单的分账在没有账单的组（settlement_only）。" +
		"billed 与 settled 为已知各项之和；未比较的项，差额为 NULL。",
	Fields: reconciliationFields(),
}

func reconciliationFields() []Field[Reconciliation] {
	type row = Reconciliation
	fields := []Field[row]{
		required(textOf[AccountID](), Column{Name: "walk_account_id", Label: "查询账户", Doc: "the configured account whose bills these are; empty in groups without bills (settlement_only)",
			ChineseDoc: "这些账单的查询账户，即 jobs.yaml 中配置的账户；没有账单的组为空（settlement_only）"},
			func(r *row) *AccountID { return &r.WalkAccountID }),
		required(text, Column{Name: "group_key", Label: "核对单元", Layout: Ordered, Doc: "unique in account and day: the order, order/item, order#non-forward, ext:…, bill:… without an order, or settlement:… without bill and order",
			ChineseDoc: "在一个账户的一天内唯一：订单号、订单号/子订单号、订单号#non-forward、ext:商家订单号，没有订单的账单为 bill:…，既无账单又无订单的分账为 settlement:…"},
			func(r *row) *string { return &r.GroupKey }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Layout: Distinct, Doc: "the order",
			ChineseDoc: "订单号"},
			func(r *row) *Null[string] { return &r.ShopOrderID }),
		nullable(text, Column{Name: "item_order_id", Label: "子订单号", Layout: Distinct, Doc: "the item, where settlements name items",
			ChineseDoc: "子订单号，分账指明子订单时才有"},
			func(r *row) *Null[string] { return &r.ItemOrderID }),
		required(textOf[Verdict](), Column{Name: "verdict", Label: "对账结论", Doc: oneOf(Verdicts), ChineseDoc: "对账结论，取值见“结论”"},
			func(r *row) *Verdict { return &r.Verdict }),
		nullable(textOf[Tier](), Column{Name: "matched_by", Label: "匹配方式", Doc: oneOf(Tiers) + "; NULL unless matched",
			ChineseDoc: "在哪一步对上，取值见“匹配方式”；不是平账的为 NULL"},
			func(r *row) *Null[Tier] { return &r.MatchedBy }),
		always(texts, Column{Name: "reasons", Label: "原因", Doc: "why: " + forms() + ". settlement_unexplained with settlement_only: " + UnmatchedCauses,
			ChineseDoc: "得出结论的原因，取值见“原因”"},
			func(r *row) *[]string { return &r.Reasons }),
		nullable(textOf[Cause](), Column{Name: "cause", Label: "差异成因", Doc: oneOf(Causes) + ": what makes a mismatch, of the order's bills and settlements that are open in the lookback; NULL unless mismatched, and in files of earlier versions",
			ChineseDoc: "差异的成因，取值见“差异成因”，看该订单在追溯期内未对上的账单与分账；不是差异的为 NULL，旧版本的文件中也为 NULL"},
			func(r *row) *Null[Cause] { return &r.Cause }),
		required(int64s, Column{Name: "bill_rows", Label: "账单数", Doc: "bills in the group",
			ChineseDoc: "组内账单数"},
			func(r *row) *int64 { return &r.BillRows }),
		required(int64s, Column{Name: "settlement_rows", Label: "分账数", Doc: "settlements of this day in the group, of any status",
			ChineseDoc: "组内算在这一天的分账数，不论状态"},
			func(r *row) *int64 { return &r.SettlementRows }),
	}
	for leg := range LegCount {
		fields = append(fields,
			fen(Column{Name: "billed_" + leg.String() + "_fen", Label: "账单" + legTerms[leg].label.Chinese, Layout: Distinct, Doc: legDocs[leg].billed + " of the forward bills",
				ChineseDoc: "正向账单的 " + legDocs[leg].chineseBilled + "合计"},
				func(r *row) *Null[Fen] { return &r.Billed[leg] }),
			fen(Column{Name: "settled_" + leg.String() + "_fen", Label: "分账" + legTerms[leg].label.Chinese, Layout: Distinct, Doc: legDocs[leg].settled + " of the successful settlements",
				ChineseDoc: "成功分账的 " + legDocs[leg].settled + " 合计"},
				func(r *row) *Null[Fen] { return &r.Settled[leg] }),
			fen(Column{Name: "diff_" + leg.String() + "_fen", Label: legTerms[leg].label.Chinese + "差额", Layout: Distinct, Doc: "settled - billed", ChineseDoc: "差额＝分账－账单"},
				func(r *row) *Null[Fen] { return &r.Diff[leg] }))
	}
	return append(fields,
		fen(Column{Name: "refund_fen", Label: "退款金额", Layout: Distinct, Doc: "ledger_total of the refund bills (settle_type 2); in files of earlier versions, which lack other_fen, of all bills that are not forward",
			ChineseDoc: "退款单（settle_type 2）的 ledger_total 合计；旧版本的文件没有 other_fen，其中为全部非正向账单的合计"},
			func(r *row) *Null[Fen] { return &r.Refund }),
		fen(Column{Name: "other_fen", Label: "扣款及其他金额", Layout: Distinct, Doc: "ledger_total of the bills that are neither forward nor refunds: fees of refunds, debts, compensations and unknown types; NULL in files of earlier versions",
			ChineseDoc: "既非正向又非退款的账单的 ledger_total 合计：退款手续费、商家欠款、赔付与未知类型；旧版本的文件中为 NULL"},
			func(r *row) *Null[Fen] { return &r.Other }),
		nullable(timestamp, Column{Name: "first_settle_time", Label: "最早分账时间", Doc: "when the first of the group's settlements was made",
			ChineseDoc: "组内最早的分账时间"},
			func(r *row) *Null[time.Time] { return &r.FirstSettleTime }),
		nullable(timestamp, Column{Name: "last_settle_time", Label: "最晚分账时间", Doc: "when the last of the group's settlements was made",
			ChineseDoc: "组内最晚的分账时间"},
			func(r *row) *Null[time.Time] { return &r.LastSettleTime }),
	)
}

var legDocs = [LegCount]struct{ billed, settled, chineseBilled string }{
	LegTotal: {"ledger_total", "settle_amount", "ledger_total "},
	LegFee:   {"total_merchant_platform_service", "rake", "total_merchant_platform_service "},
	LegCommission: {"total_commission, else the sum of those known of talent, agent, broker, clerk and mall store (NULL if none of the first four is),", "commission",
		"total_commission（没有则为达人、服务商、经纪人、店员佣金与商场分佣中已知各项之和；前四项都未知时为 NULL）"},
	LegNet: {"goods", "shares", "goods "},
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
