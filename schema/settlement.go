package schema

import (
	"cmp"
	"strings"
	"time"
)

// Status of a settlement, in the API's words.
type Status string

const (
	StatusInit       Status = "INIT"
	StatusProcessing Status = "PROCESSING"
	StatusSuccess    Status = "SUCCESS"
	StatusFail       Status = "FAIL"
)

// Final reports whether the status does not change any more. An unknown status may change.
func (s Status) Final() bool { return s == StatusSuccess || s == StatusFail }

// Source is where a settlement is known from.
type Source string

const (
	SourceQuery    Source = "query"    // an answer of the settle query
	SourceCallback Source = "callback" // a settle callback
	SourceBoth     Source = "both"
)

// Share is what one merchant got of a settlement.
type Share struct {
	MerchantNo string // 商户号, 20 digits: beyond any integer type
	Amount     Fen
}

// Settlement is one result of the settle query (查询分账,
// api/apps/trade/v2/settle/query_settle) or of a settle callback (通知分账结果):
// how an order, or an item of it, was shared out.
type Settlement struct {
	SettleID     string
	OrderID      Null[string]
	OutSettleNo  Null[string]
	OutOrderNo   Null[string]
	ItemOrderID  Null[string]
	Status       Status
	Amount       Null[Fen] // rake + commission + shares
	Rake         Null[Fen]
	Commission   Null[Fen]
	SharesTotal  Null[Fen]
	Shares       Null[[]Share]
	Detail       Null[string]
	SettleTime   Null[time.Time]
	IsAutoSettle Null[bool]
	Message      Null[string]
	CpExtra      Null[string]
	Source       Source
	AskedBy      Null[string]
	AppID        Null[string]
	LogID        Null[string]
	FetchedAt    time.Time

	// The group that has the settlement, once it is reconciled. NULL in rows of earlier versions.
	WalkAccountID Null[AccountID]
	GroupKey      Null[string]
}

// TableName implements Row.
func (*Settlement) TableName() string { return "settlements" }

// SettlementKey is what makes a settlement one row of the table.
type SettlementKey struct {
	SettleID    string
	ItemOrderID string // "" if it is of the whole order
}

// Key returns the settlement's key.
func (s *Settlement) Key() SettlementKey { return SettlementKey{s.SettleID, s.ItemOrderID.V} }

// Compare orders keys by id, then by item.
func (k SettlementKey) Compare(other SettlementKey) int {
	return cmp.Or(strings.Compare(k.SettleID, other.SettleID), strings.Compare(k.ItemOrderID, other.ItemOrderID))
}

// Settlements is the table settlements: one row per settle_id, or per item of it
// where callbacks name several.
var Settlements = Table[Settlement]{
	Name: "settlements", Label: "分账",
	Doc: "One row per settle_id, or per item where callbacks name several, on one day only: the latest bill_date of its order that is " +
		"not after the settlement's own day, else the earliest; without a time, the latest. A settlement without a bill is on its own day.",
	ChineseDoc: "每个 settle_id 一行，回调指明多个子订单时每个子订单一行；只在一天：其订单的账单日中不晚于分账当日的最后一天，都晚于它则为最早一天，" +
		"没有分账时间则为最后一天。没有账单的分账在分账当天。",
	Fields: []Field[Settlement]{
		required(text, Column{Name: "settle_id", Label: "分账单号", Source: "settle_id", Layout: Ordered, Doc: "settlement id; several times only where callbacks name several items of it",
			ChineseDoc: "分账单号；只有回调指明多个子订单时才有多行"},
			func(s *Settlement) *string { return &s.SettleID }),
		nullable(text, Column{Name: "order_id", Label: "交易订单号", Source: "order_id", Layout: Distinct, Doc: "order id of the trade system",
			ChineseDoc: "交易系统的订单号"},
			func(s *Settlement) *Null[string] { return &s.OrderID }),
		nullable(text, Column{Name: "out_settle_no", Label: "开发者分账单号", Source: "out_settle_no", Layout: Distinct, Doc: "the developer's settlement id",
			ChineseDoc: "开发者的分账单号"},
			func(s *Settlement) *Null[string] { return &s.OutSettleNo }),
		nullable(text, Column{Name: "out_order_no", Label: "开发者订单号", Source: "out_order_no", Layout: Distinct, Doc: "the developer's order id",
			ChineseDoc: "开发者的订单号"},
			func(s *Settlement) *Null[string] { return &s.OutOrderNo }),
		nullable(text, Column{Name: "item_order_id", Label: "子订单号", Source: "item_order_id", Layout: Distinct, Doc: "order id at item level, where the settlement is of one item",
			ChineseDoc: "子订单号，分账只属于一个子订单时才有"},
			func(s *Settlement) *Null[string] { return &s.ItemOrderID }),
		nullable(textOf[AccountID](), Column{Name: "walk_account_id", Label: "查询账户", Doc: "with group_key, the row of reconciliation on the same bill_date that has the settlement; empty without a bill. It may be in another file of the day, where an order has bills of several accounts. NULL in files of earlier versions",
			ChineseDoc: "与 group_key 一起，指向同一 bill_date 的 reconciliation 中含此分账的一行；没有账单的为空。订单的账单分属几个账户时，该行可能在当天的另一个文件中。旧版本的文件中为 NULL"},
			func(s *Settlement) *Null[AccountID] { return &s.WalkAccountID }),
		nullable(text, Column{Name: "group_key", Label: "核对单元", Layout: Distinct, Doc: "group_key of that row of reconciliation; NULL in files of earlier versions",
			ChineseDoc: "reconciliation 中该行的 group_key；旧版本的文件中为 NULL"},
			func(s *Settlement) *Null[string] { return &s.GroupKey }),
		required(textOf[Status](), Column{Name: "settle_status", Label: "分账状态", Source: "settle_status", Doc: "INIT, PROCESSING, SUCCESS or FAIL",
			ChineseDoc: "分账状态：INIT 初始化、PROCESSING 处理中、SUCCESS 成功、FAIL 失败"},
			func(s *Settlement) *Status { return &s.Status }),
		fen(Column{Name: "settle_amount_fen", Label: "分账金额", Source: "settle_amount", Layout: Distinct, Doc: "what is shared out: rake + commission + shares",
			ChineseDoc: "分账金额＝平台服务费＋佣金＋分账方所得"},
			func(s *Settlement) *Null[Fen] { return &s.Amount }),
		fen(Column{Name: "rake_fen", Label: "平台服务费", Source: "rake", Layout: Distinct, Doc: "the platform's fee",
			ChineseDoc: "平台服务费"},
			func(s *Settlement) *Null[Fen] { return &s.Rake }),
		fen(Column{Name: "commission_fen", Label: "佣金", Source: "commission", Layout: Distinct, Doc: "commissions",
			ChineseDoc: "佣金"},
			func(s *Settlement) *Null[Fen] { return &s.Commission }),
		fen(Column{Name: "shares_fen", Label: "分账方所得合计", Source: "settle_detail", Layout: Distinct, Doc: "sum of the shares",
			ChineseDoc: "分账方所得合计"},
			func(s *Settlement) *Null[Fen] { return &s.SharesTotal }),
		nullable(shareLists, Column{Name: "shares", Label: "分账方所得明细(分)", Source: "settle_detail", Layout: Distinct, Doc: "each merchant's share; NULL where settle_detail cannot be read",
			ChineseDoc: "各分账方所得；settle_detail 读不了时为 NULL"},
			func(s *Settlement) *Null[[]Share] { return &s.Shares }),
		nullable(text, Column{Name: "settle_detail", Label: "分账细节", Source: "settle_detail", Layout: Distinct, Doc: "the shares as the platform writes them",
			ChineseDoc: "平台原文的分账细节"},
			func(s *Settlement) *Null[string] { return &s.Detail }),
		nullable(timestamp, Column{Name: "settle_time", Label: "分账时间", Source: "settle_time", Doc: "when it was shared out",
			ChineseDoc: "分账时间"},
			func(s *Settlement) *Null[time.Time] { return &s.SettleTime }),
		nullable(bools, Column{Name: "is_auto_settle", Label: "自动分账", Source: "is_auto_settle", Doc: "whether the platform shared it out by itself; only callbacks have it",
			ChineseDoc: "是否由平台自动分账；只有回调给出"},
			func(s *Settlement) *Null[bool] { return &s.IsAutoSettle }),
		nullable(text, Column{Name: "message", Label: "结果说明", Source: "message", Layout: Distinct, Doc: "why it failed; only callbacks have it",
			ChineseDoc: "失败原因；只有回调给出"},
			func(s *Settlement) *Null[string] { return &s.Message }),
		nullable(text, Column{Name: "cp_extra", Label: "开发者自定义", Source: "cp_extra", Layout: Distinct, Doc: "the developer's own text",
			ChineseDoc: "开发者自定义文本"},
			func(s *Settlement) *Null[string] { return &s.CpExtra }),
		required(textOf[Source](), Column{Name: "source", Label: "来源", Doc: "query, callback or both",
			ChineseDoc: "来源：query 查询、callback 回调、both 两者"},
			func(s *Settlement) *Source { return &s.Source }),
		nullable(text, Column{Name: "asked_by", Label: "查询依据", Doc: "what links it to its bills: the match rule, as jobs.yaml has it (order_id: shop_order_id); " +
			"of a callback also item_order_id: item_order_id, or order_id: settlement (another settlement of its order); NULL where it has no bill",
			ChineseDoc: "凭什么对上账单：jobs.yaml 中的 match 规则（如 order_id: shop_order_id）；回调还可能是 item_order_id: item_order_id（子订单号），或 order_id: settlement（同一订单的另一笔分账）；没有账单对应的为 NULL"},
			func(s *Settlement) *Null[string] { return &s.AskedBy }),
		nullable(text, Column{Name: "app_id", Label: "小程序", Doc: "the mini-program; only callbacks have it",
			ChineseDoc: "小程序；只有回调给出"},
			func(s *Settlement) *Null[string] { return &s.AppID }),
		nullable(text, Column{Name: "logid", Label: "日志ID", Source: "extra.logid", Doc: "the platform's id of the answer",
			ChineseDoc: "平台应答的日志 ID"},
			func(s *Settlement) *Null[string] { return &s.LogID }),
		required(timestamp, Column{Name: "fetched_at", Label: "获取时间", Doc: "when the answer, or the callback, was received",
			ChineseDoc: "收到答复或回调的时间"},
			func(s *Settlement) *time.Time { return &s.FetchedAt }),
	},
}
