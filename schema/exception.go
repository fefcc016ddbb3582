package schema

// Exception is one thing that a person should look at. It never takes a bill
// out of the table.
type Exception struct {
	Rule        Rule
	Severity    Severity
	AccountID   Null[string]
	LedgerID    Null[string]
	ShopOrderID Null[string]
	SettleID    Null[string]
	Expected    Null[Fen]
	Actual      Null[Fen]
	Detail      string
	Record      Null[string]
	ArchiveKey  Null[string]
}

// TableName implements Row.
func (*Exception) TableName() string { return "exceptions" }

// Exceptions is the table exceptions: one row per thing to look at.
var Exceptions = Table[Exception]{
	Name: "exceptions", Label: "异常",
	Doc:        "One row per thing that a person should look at; never a reason to drop a bill.",
	ChineseDoc: "需要人看的每件事一行；从不因此丢弃账单。",
	Fields: []Field[Exception]{
		required(textOf[Rule](), Column{Name: "rule", Label: "异常类型", Doc: "the rule that is broken",
			ChineseDoc: "异常类型，取值见“异常类型”"},
			func(e *Exception) *Rule { return &e.Rule }),
		required(textOf[Severity](), Column{Name: "severity", Label: "错误、提醒", Doc: "error or warning",
			ChineseDoc: "error 错误或 warning 提醒"},
			func(e *Exception) *Severity { return &e.Severity }),
		nullable(text, Column{Name: "account_id", Label: "收款账户", Doc: "account of the bill",
			ChineseDoc: "账单的收款账户"},
			func(e *Exception) *Null[string] { return &e.AccountID }),
		nullable(text, Column{Name: "ledger_id", Label: "账单ID", Layout: Distinct, Doc: "the bill",
			ChineseDoc: "账单 ID"},
			func(e *Exception) *Null[string] { return &e.LedgerID }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Layout: Distinct, Doc: "order of the bill",
			ChineseDoc: "账单的订单号"},
			func(e *Exception) *Null[string] { return &e.ShopOrderID }),
		nullable(text, Column{Name: "settle_id", Label: "分账单号", Layout: Distinct, Doc: "the settlement",
			ChineseDoc: "分账单号"},
			func(e *Exception) *Null[string] { return &e.SettleID }),
		fen(Column{Name: "expected_fen", Label: "应为", Layout: Distinct, Doc: "the amount that the rule requires, signed",
			ChineseDoc: "按规则应有的金额，带符号"},
			func(e *Exception) *Null[Fen] { return &e.Expected }),
		fen(Column{Name: "actual_fen", Label: "实为", Layout: Distinct, Doc: "what was received, signed",
			ChineseDoc: "收到的金额，带符号"},
			func(e *Exception) *Null[Fen] { return &e.Actual }),
		required(text, Column{Name: "detail", Label: "说明", Layout: Distinct, Doc: "what is wrong, in words",
			ChineseDoc: "哪里不对，文字说明（英文）"},
			func(e *Exception) *string { return &e.Detail }),
		nullable(text, Column{Name: "record", Label: "原始记录", Layout: Distinct, Doc: "the raw record as JSON; the coupon code as the job says",
			ChineseDoc: "原始记录，JSON；其中券码按任务配置处理"},
			func(e *Exception) *Null[string] { return &e.Record }),
		nullable(text, Column{Name: "archive_key", Label: "存档文件", Doc: "the archive object that holds the raw record",
			ChineseDoc: "原始记录所在的归档对象"},
			func(e *Exception) *Null[string] { return &e.ArchiveKey }),
	},
}
