package schema

// WithdrawnBill is one bill that a withdrawal pays. Only the bill query by withdraw_id
// (餐饮账单详情查询) links the two.
type WithdrawnBill struct {
	AccountID     string // the payee of the withdrawal
	WithdrawID    string
	LedgerID      string
	SettleType    Null[int32]
	SettleSubType Null[int32]
	BilledOn      Null[string] // a Day
	FundAmount    Null[Fen]
	Goods         Null[Fen]
	InBills       bool
}

// TableName implements Row.
func (*WithdrawnBill) TableName() string { return "withdrawn_bills" }

// Withdrawn returns what the bill adds to its withdrawal: fund_amount, or goods without one,
// both signed. It is NULL where the bill has neither.
func (b *WithdrawnBill) Withdrawn() Null[Fen] {
	if b.FundAmount.Valid {
		return b.FundAmount
	}
	return b.Goods
}

// WithdrawnBills is the table withdrawn_bills: one row per bill of a withdrawal, on the day on
// which the withdrawal was launched in China.
var WithdrawnBills = Table[WithdrawnBill]{
	Name: "withdrawn_bills", Label: "提现明细",
	Optional:   true,
	Doc:        "One row per bill of a withdrawal, on the day on which the withdrawal was launched in China. Only of jobs with withdrawals; days without rows have no file.",
	ChineseDoc: "提现的每条账单一行，在该笔提现发起的那一天（中国时间）。仅配置了 withdrawals 的任务有；没有行的日子没有文件。",
	Fields: []Field[WithdrawnBill]{
		required(text, Column{Name: "account_id", Label: "收款账户", Doc: "the account that is paid",
			ChineseDoc: "收款账户"},
			func(b *WithdrawnBill) *string { return &b.AccountID }),
		required(text, Column{Name: "withdraw_id", Label: "提现单号", Doc: "the withdrawal",
			ChineseDoc: "提现单号"},
			func(b *WithdrawnBill) *string { return &b.WithdrawID }),
		required(text, Column{Name: "ledger_id", Label: "账单ID", Source: "ledger_id", Layout: Ordered, Doc: "bill id",
			ChineseDoc: "账单 ID"},
			func(b *WithdrawnBill) *string { return &b.LedgerID }),
		nullable(int32s, Column{Name: "settle_type", Label: "结算类型", Source: "settle_type", Codes: &SettleTypes, Doc: "settle_type of the bill",
			ChineseDoc: "账单的结算类型"},
			func(b *WithdrawnBill) *Null[int32] { return &b.SettleType }),
		nullable(int32s, Column{Name: "settle_sub_type", Label: "子结算类型", Source: "settle_sub_type", Codes: &SettleSubTypes, Doc: "settle_sub_type of the bill",
			ChineseDoc: "账单的子结算类型"},
			func(b *WithdrawnBill) *Null[int32] { return &b.SettleSubType }),
		nullable(text, Column{Name: "billed_on", Label: "账单日", Doc: "the bill_date (YYYY-MM-DD) on which the table bills has it; NULL where no published day has",
			ChineseDoc: "bills 中该账单的账单日（YYYY-MM-DD）；已发布的日子都没有时为 NULL"},
			func(b *WithdrawnBill) *Null[string] { return &b.BilledOn }),
		fen(Column{Name: "fund_amount_fen", Label: "款项金额", Source: "fund_amount", Layout: Distinct, Doc: "fund_amount as the withdrawal lists it, signed",
			ChineseDoc: "提现明细中的款项金额，带符号"},
			func(b *WithdrawnBill) *Null[Fen] { return &b.FundAmount }),
		fen(Column{Name: "goods_fen", Label: "商家实际结算", Source: "amount.goods", Layout: Distinct, Doc: "goods as the withdrawal lists it, signed",
			ChineseDoc: "提现明细中的商家实际结算金额，带符号"},
			func(b *WithdrawnBill) *Null[Fen] { return &b.Goods }),
		required(bools, Column{Name: "in_bills", Label: "账单已有", Doc: "false where the withdrawal pays a bill that no published day has",
			ChineseDoc: "为 false 时，该提现付的账单不在任何已发布的日子里"},
			func(b *WithdrawnBill) *bool { return &b.InBills }),
	},
}
