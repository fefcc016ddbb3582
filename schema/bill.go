package schema

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bill is one ledger record of the bill API (餐饮账单详情查询,
// goodlife/v1/settle/bill/catering_query), amounts signed by Direction.
type Bill struct {
	AccountID          string
	LedgerID           string
	WalkAccountID      AccountID
	Counted            Null[bool] // NULL in rows of earlier versions: see Counts
	GroupKey           Null[string]
	BizType            Null[int32]
	ShopOrderID        Null[string]
	ItemOrderID        Null[string]
	OrderExtID         Null[string]
	CertificateID      Null[string]
	VerifyID           Null[string]
	PoiID              Null[string]
	VerifyPoiAccountID Null[string]
	SkuID              Null[string]
	GroupName          Null[string]
	Code               Null[string]
	SettleType         int32
	SettleTypeDesc     Null[string]
	SettleSubType      Null[int32]
	SettleTime         Null[time.Time]
	Direction          Null[int32] // +1 to the merchant, -1 from it
	Amounts            Amounts
	FundAmountType     Null[int32]
	Extra              Null[string]
	LogID              Null[string]
	FetchedAt          time.Time
	ArchiveKey         string
}

// TableName implements Row.
func (*Bill) TableName() string { return "bills" }

// Counts reports whether sums have the bill: not where another row has it with other content.
// Rows of earlier versions, which do not say so, all count.
func (b *Bill) Counts() bool { return !b.Counted.Valid || b.Counted.V }

// BillKey is what makes a bill the same bill in two answers.
type BillKey struct {
	AccountID     string
	LedgerID      string
	SettleType    int32
	SettleSubType Null[int32]
}

// Key returns the bill's key.
func (b *Bill) Key() BillKey {
	return BillKey{b.AccountID, b.LedgerID, b.SettleType, b.SettleSubType}
}

// GroupKey returns the group_key of a bill without an order.
func (k *BillKey) GroupKey() string {
	sub := ""
	if k.SettleSubType.Valid {
		sub = strconv.Itoa(int(k.SettleSubType.V))
	}
	return fmt.Sprintf("bill:%s/%s/%d/%s", k.AccountID, k.LedgerID, k.SettleType, sub)
}

// What distinguishes group_keys from each other: the key of an order that only the merchant
// has numbered, and that of an order's bills that are not forward.
const (
	ExtPrefix        = "ext:"
	NonForwardSuffix = "#non-forward"
)

// OrderKey returns the key of a bill's order: shop_order_id, else "ext:" + order_ext_id,
// else "".
func OrderKey(shopOrderID, orderExtID string) string {
	switch {
	case shopOrderID != "":
		return shopOrderID
	case orderExtID != "":
		return ExtPrefix + orderExtID
	}
	return ""
}

// Compare orders keys as the table bills does; a sub type that is NULL comes first.
func (k *BillKey) Compare(other *BillKey) int {
	return cmp.Or(
		strings.Compare(k.AccountID, other.AccountID),
		strings.Compare(k.LedgerID, other.LedgerID),
		cmp.Compare(k.SettleType, other.SettleType),
		compareNull(k.SettleSubType, other.SettleSubType),
	)
}

// Bills is the table bills: one row per ledger record.
var Bills = Table[Bill]{
	Name: "bills", Label: "账单",
	Doc:        "One row per ledger record of the bill API; key account_id, ledger_id, settle_type, settle_sub_type.",
	ChineseDoc: "账单接口的每条记录一行；主键为 account_id、ledger_id、settle_type、settle_sub_type。",
	Fields:     billFields(),
}

func billFields() []Field[Bill] {
	fields := []Field[Bill]{
		required(text, Column{Name: "account_id", Label: "收款账户", Source: "account_id", Doc: "the account that is paid (head office or store)",
			ChineseDoc: "收款账户（总店或门店）"},
			func(b *Bill) *string { return &b.AccountID }),
		required(text, Column{Name: "ledger_id", Label: "账单ID", Source: "ledger_id", Layout: Ordered, Doc: "bill id",
			ChineseDoc: "账单 ID"},
			func(b *Bill) *string { return &b.LedgerID }),
		required(textOf[AccountID](), Column{Name: "walk_account_id", Label: "查询账户", Doc: "the configured account whose walk found the bill",
			ChineseDoc: "jobs.yaml 中配置的账户，该账单由拉取此账户得到"},
			func(b *Bill) *AccountID { return &b.WalkAccountID }),
		nullable(bools, Column{Name: "counted", Label: "是否计入", Doc: "false for a row that has the same bill as another with other content (rule duplicate_conflict): no sum and no group has it. Of the contents one counts: an account's own walk before a root account's, the lower account before the higher, in one walk the one fetched first. NULL in files of earlier versions, whose rows all count: sum where counted IS NOT FALSE",
			ChineseDoc: "同一账单内容不同的各行（规则 duplicate_conflict）只有一行计入，其余为 false，不在任何合计与对账组中。计入的是：账户自己拉取的先于总店的，账户号小的先于大的，同一次拉取中先取到的。旧版本的文件中为 NULL，各行都计入：合计时用 counted IS NOT FALSE"},
			func(b *Bill) *Null[bool] { return &b.Counted }),
		nullable(text, Column{Name: "group_key", Label: "核对单元", Layout: Distinct, Doc: "group_key of the bill's row of reconciliation, of this day and walk_account_id; NULL for a row that is not counted, and in files of earlier versions",
			ChineseDoc: "该账单在 reconciliation 中那一行（同一天、同一 walk_account_id）的 group_key；不计入的行为 NULL，旧版本的文件中也为 NULL"},
			func(b *Bill) *Null[string] { return &b.GroupKey }),
		nullable(int32s, Column{Name: "biz_type", Label: "业务类型", Source: "biz_type", Codes: &BizTypes, Doc: "kind of business",
			ChineseDoc: "业务类型"},
			func(b *Bill) *Null[int32] { return &b.BizType }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Source: "shop_order_id", Layout: Distinct, Doc: "order id at shop level",
			ChineseDoc: "店铺维度的订单号"},
			func(b *Bill) *Null[string] { return &b.ShopOrderID }),
		nullable(text, Column{Name: "item_order_id", Label: "子订单号", Source: "item_order_id", Layout: Distinct, Doc: "order id at item level",
			ChineseDoc: "子订单号"},
			func(b *Bill) *Null[string] { return &b.ItemOrderID }),
		nullable(text, Column{Name: "order_ext_id", Label: "外部订单号", Source: "order_ext_id", Layout: Distinct, Doc: "the merchant's own order id",
			ChineseDoc: "商家自己的订单号"},
			func(b *Bill) *Null[string] { return &b.OrderExtID }),
		nullable(text, Column{Name: "certificate_id", Label: "券ID", Source: "certificate_id", Layout: Distinct, Doc: "coupon id (not unique per bill)",
			ChineseDoc: "券 ID（一张券可能有多条账单）"},
			func(b *Bill) *Null[string] { return &b.CertificateID }),
		nullable(text, Column{Name: "verify_id", Label: "核销ID", Source: "verify_id", Layout: Distinct, Doc: "verification (核销) id (not unique per bill)",
			ChineseDoc: "核销 ID（一次核销可能有多条账单）"},
			func(b *Bill) *Null[string] { return &b.VerifyID }),
		nullable(text, Column{Name: "poi_id", Label: "核销门店", Source: "poi_id", Doc: "store where the coupon was verified; empty for account-level bills",
			ChineseDoc: "核销门店；商户级账单为空"},
			func(b *Bill) *Null[string] { return &b.PoiID }),
		nullable(text, Column{Name: "verify_poi_account_id", Label: "核销门店账户", Source: "verify_poi_account_id", Doc: "account of that store; not always the account that is paid",
			ChineseDoc: "核销门店的账户，不一定是收款账户"},
			func(b *Bill) *Null[string] { return &b.VerifyPoiAccountID }),
		nullable(text, Column{Name: "sku_id", Label: "商品ID", Source: "sku_id", Doc: "product id",
			ChineseDoc: "商品 ID"},
			func(b *Bill) *Null[string] { return &b.SkuID }),
		nullable(text, Column{Name: "group_name", Label: "商品名称", Source: "group_name", Doc: "product name, any text",
			ChineseDoc: "商品名称，任意文本"},
			func(b *Bill) *Null[string] { return &b.GroupName }),
		nullable(text, Column{Name: "code", Label: "券码", Source: "code", Layout: Distinct, Doc: "coupon code: kept, HMAC-SHA256 in hex, or NULL, as the job says",
			ChineseDoc: "券码：按任务配置原样保留、为十六进制的 HMAC-SHA256，或为 NULL"},
			func(b *Bill) *Null[string] { return &b.Code }),
		required(int32s, Column{Name: "settle_type", Label: "结算类型", Source: "settle_type", Codes: &SettleTypes, Doc: "kind of bill",
			ChineseDoc: "结算类型"},
			func(b *Bill) *int32 { return &b.SettleType }),
		nullable(text, Column{Name: "settle_type_desc", Label: "结算类型说明", Source: "settle_type_desc", Doc: "the platform's words for settle_type",
			ChineseDoc: "平台对结算类型的说明"},
			func(b *Bill) *Null[string] { return &b.SettleTypeDesc }),
		nullable(int32s, Column{Name: "settle_sub_type", Label: "子结算类型", Source: "settle_sub_type", Codes: &SettleSubTypes, Doc: "step of a compensation or penalty",
			ChineseDoc: "赔付或扣罚的步骤"},
			func(b *Bill) *Null[int32] { return &b.SettleSubType }),
		nullable(timestamp, Column{Name: "settle_time", Label: "结算时间", Source: "settle_time", Layout: Distinct, Doc: "verification time of a forward bill, else the bill's creation",
			ChineseDoc: "正向账单为核销时间，其余为账单创建时间"},
			func(b *Bill) *Null[time.Time] { return &b.SettleTime }),
		nullable(int32s, Column{Name: "direction", Label: "收支方向", Doc: "+1 to the merchant, -1 from it, NULL unknown (then all amounts are NULL)",
			ChineseDoc: "+1 入账，-1 出账；NULL 为无法判断（此时各金额均为 NULL）"},
			func(b *Bill) *Null[int32] { return &b.Direction }),
	}
	for a := range AmountCount {
		fields = append(fields, fen(Column{Name: a.Column(), Label: amounts[a].label, Source: a.source(), Layout: Distinct, Doc: amounts[a].doc, ChineseDoc: amounts[a].chineseDoc},
			func(b *Bill) *Null[Fen] { return &b.Amounts[a] }))
	}
	return append(fields,
		nullable(int32s, Column{Name: "fund_amount_type", Label: "入账出账", Source: "fund_amount_type", Codes: &FundAmountTypes, Doc: "direction of the funds",
			ChineseDoc: "款项方向"},
			func(b *Bill) *Null[int32] { return &b.FundAmountType }),
		nullable(text, Column{Name: "extra", Label: "其他字段", Layout: Distinct, Doc: "JSON of the fields that this version does not know; NULL when none",
			ChineseDoc: "本版本不认识的字段，JSON；没有则为 NULL"},
			func(b *Bill) *Null[string] { return &b.Extra }),
		nullable(text, Column{Name: "logid", Label: "日志ID", Source: "extra.logid", Doc: "the platform's id of the answer",
			ChineseDoc: "平台应答的日志 ID"},
			func(b *Bill) *Null[string] { return &b.LogID }),
		required(timestamp, Column{Name: "fetched_at", Label: "获取时间", Doc: "when the answer was received",
			ChineseDoc: "收到应答的时间"},
			func(b *Bill) *time.Time { return &b.FetchedAt }),
		required(text, Column{Name: "archive_key", Label: "存档文件", Doc: "the archive object that holds the raw record",
			ChineseDoc: "原始记录所在的归档对象"},
			func(b *Bill) *string { return &b.ArchiveKey }),
	)
}
