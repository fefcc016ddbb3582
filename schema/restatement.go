package schema

import "time"

// Change of one bill between two walks of a closed day.
type Change string

const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// Restatement is one bill of a closed day that a later walk found otherwise.
type Restatement struct {
	BillKey
	WalkAccountID AccountID
	ShopOrderID   Null[string]
	Change        Change
	Columns       []string     // that differ
	Old, New      Null[string] // their values, as a JSON object of texts; NULL is left out
	DiffTotal     Null[Fen]
	DiffGoods     Null[Fen]
	OldGeneration int64
	NewGeneration int64
	RestatedAt    time.Time
}

// TableName implements Row.
func (*Restatement) TableName() string { return "restatements" }

// Restatements is the table restatements. It is history: a publication carries
// on the rows of the one before and adds its own.
var Restatements = Table[Restatement]{
	Name: "restatements", Label: "账单变更",
	History:    true,
	Doc:        "One row per bill of a published day that a later walk found added, removed or changed. Each publication of the day carries the rows of the one before.",
	ChineseDoc: "已发布的日子后来拉到的账单有增加、减少或变更的，每条一行。该日每次发布都带上之前的各行。",
	Fields: []Field[Restatement]{
		required(text, Column{Name: "account_id", Label: "收款账户", Layout: Ordered, Doc: "the account that is paid",
			ChineseDoc: "收款账户"},
			func(r *Restatement) *string { return &r.AccountID }),
		required(text, Column{Name: "ledger_id", Label: "账单ID", Layout: Ordered, Doc: "bill id",
			ChineseDoc: "账单 ID"},
			func(r *Restatement) *string { return &r.LedgerID }),
		required(int32s, Column{Name: "settle_type", Label: "结算类型", Codes: &SettleTypes, Doc: "settle_type of the bill",
			ChineseDoc: "账单的结算类型"},
			func(r *Restatement) *int32 { return &r.SettleType }),
		nullable(int32s, Column{Name: "settle_sub_type", Label: "子结算类型", Codes: &SettleSubTypes, Doc: "settle_sub_type of the bill",
			ChineseDoc: "账单的子结算类型"},
			func(r *Restatement) *Null[int32] { return &r.SettleSubType }),
		required(textOf[AccountID](), Column{Name: "walk_account_id", Label: "查询账户", Doc: "the configured account whose walk found the change",
			ChineseDoc: "发现变动的那次拉取所属的账户，即 jobs.yaml 中配置的账户"},
			func(r *Restatement) *AccountID { return &r.WalkAccountID }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Layout: Distinct, Doc: "order of the bill",
			ChineseDoc: "账单的订单号"},
			func(r *Restatement) *Null[string] { return &r.ShopOrderID }),
		required(textOf[Change](), Column{Name: "change", Label: "变动", Doc: "added, removed or changed",
			ChineseDoc: "变动：added 增加、removed 减少、changed 变更"},
			func(r *Restatement) *Change { return &r.Change }),
		always(texts, Column{Name: "columns", Label: "变动列", Doc: "the columns of bills that differ",
			ChineseDoc: "账单中不同的列"},
			func(r *Restatement) *[]string { return &r.Columns }),
		nullable(text, Column{Name: "old", Label: "原值", Layout: Distinct, Doc: "their old values, a JSON object of texts; what was NULL is left out",
			ChineseDoc: "这些列的原值，JSON 对象，值均为文本；原为 NULL 的不列"},
			func(r *Restatement) *Null[string] { return &r.Old }),
		nullable(text, Column{Name: "new", Label: "新值", Layout: Distinct, Doc: "their new values, likewise",
			ChineseDoc: "这些列的新值，形式同上"},
			func(r *Restatement) *Null[string] { return &r.New }),
		fen(Column{Name: "diff_total_fen", Label: "应结算差额", Layout: Distinct, Doc: "new - old ledger_total, a missing bill counted as 0",
			ChineseDoc: "新旧 ledger_total 之差，没有的账单按 0 计"},
			func(r *Restatement) *Null[Fen] { return &r.DiffTotal }),
		fen(Column{Name: "diff_goods_fen", Label: "实际结算差额", Layout: Distinct, Doc: "new - old goods, a missing bill counted as 0",
			ChineseDoc: "新旧 goods 之差，没有的账单按 0 计"},
			func(r *Restatement) *Null[Fen] { return &r.DiffGoods }),
		required(int64s, Column{Name: "old_generation", Label: "变更前批次", Doc: "generation of the day that had the old values",
			ChineseDoc: "原值所在的批次"},
			func(r *Restatement) *int64 { return &r.OldGeneration }),
		required(int64s, Column{Name: "new_generation", Label: "变更后批次", Doc: "generation of the day that has the new values",
			ChineseDoc: "新值所在的批次"},
			func(r *Restatement) *int64 { return &r.NewGeneration }),
		required(timestamp, Column{Name: "restated_at", Label: "变更时间", Doc: "when the new generation was built",
			ChineseDoc: "构建变更后批次的时间"},
			func(r *Restatement) *time.Time { return &r.RestatedAt }),
	},
}
