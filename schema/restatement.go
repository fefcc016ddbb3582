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
	Name: "restatements", Label: "重述",
	History: true,
	Doc:     "One row per bill of a published day that a later walk found added, removed or changed. Rows are carried on from generation to generation.",
	Fields: []Field[Restatement]{
		required(text, Column{Name: "account_id", Label: "收款账户", Layout: Ordered, Doc: "the account that is paid"},
			func(r *Restatement) *string { return &r.AccountID }),
		required(text, Column{Name: "ledger_id", Label: "账单ID", Layout: Ordered, Doc: "bill id"},
			func(r *Restatement) *string { return &r.LedgerID }),
		required(int32s, Column{Name: "settle_type", Label: "结算类型", Codes: &SettleTypes, Doc: "of the bill"},
			func(r *Restatement) *int32 { return &r.SettleType }),
		nullable(int32s, Column{Name: "settle_sub_type", Label: "子结算类型", Codes: &SettleSubTypes, Doc: "of the bill"},
			func(r *Restatement) *Null[int32] { return &r.SettleSubType }),
		required(textOf[AccountID](), Column{Name: "walk_account_id", Label: "商户", Doc: "the configured account whose walk told"},
			func(r *Restatement) *AccountID { return &r.WalkAccountID }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Layout: Distinct, Doc: "order of the bill"},
			func(r *Restatement) *Null[string] { return &r.ShopOrderID }),
		required(textOf[Change](), Column{Name: "change", Label: "变动", Doc: "added, removed or changed"},
			func(r *Restatement) *Change { return &r.Change }),
		always(texts, Column{Name: "columns", Label: "变动列", Doc: "the columns of bills that differ"},
			func(r *Restatement) *[]string { return &r.Columns }),
		nullable(text, Column{Name: "old", Label: "原值", Layout: Distinct, Doc: "their old values, a JSON object of texts; what was NULL is left out"},
			func(r *Restatement) *Null[string] { return &r.Old }),
		nullable(text, Column{Name: "new", Label: "新值", Layout: Distinct, Doc: "their new values, likewise"},
			func(r *Restatement) *Null[string] { return &r.New }),
		fen(Column{Name: "diff_total_fen", Label: "应结算差额", Layout: Distinct, Doc: "new - old ledger_total, a missing bill counted as 0"},
			func(r *Restatement) *Null[Fen] { return &r.DiffTotal }),
		fen(Column{Name: "diff_goods_fen", Label: "实际结算差额", Layout: Distinct, Doc: "new - old goods, a missing bill counted as 0"},
			func(r *Restatement) *Null[Fen] { return &r.DiffGoods }),
		required(int64s, Column{Name: "old_generation", Label: "原版本", Doc: "of the day's publication that had the old values"},
			func(r *Restatement) *int64 { return &r.OldGeneration }),
		required(int64s, Column{Name: "new_generation", Label: "新版本", Doc: "of the publication that has the new ones"},
			func(r *Restatement) *int64 { return &r.NewGeneration }),
		required(timestamp, Column{Name: "restated_at", Label: "重述时间", Doc: "when that was built"},
			func(r *Restatement) *time.Time { return &r.RestatedAt }),
	},
}
