package schema

// Severity of an exception.
type Severity string

const (
	SeverityError   Severity = "error"   // breaks a rule that the platform documents
	SeverityWarning Severity = "warning" // breaks an inferred rule, or is unexpected
)

// Rule is what an exception breaks.
type Rule string

const (
	RuleUnknownDirection     Rule = "unknown_direction"
	RuleDirectionConflict    Rule = "direction_conflict"
	RuleOriginal             Rule = "original_identity"
	RuleLedgerTotal          Rule = "ledger_total_identity"
	RuleGoods                Rule = "goods_identity"
	RuleHiddenTicketNegative Rule = "hidden_ticket_negative"
	RuleDuplicateConflict    Rule = "duplicate_conflict"
	RuleSettleDay            Rule = "settle_day"
	RuleSettleTime           Rule = "settle_time"
	RuleUnknownEnum          Rule = "unknown_enum"
	RuleNegativeAmount       Rule = "negative_amount" // amounts are documented without a sign; the column is NULL
	RuleBadText              Rule = "bad_text"        // a text for people is not valid, and mended with U+FFFD
	RuleBadID                Rule = "bad_id"          // longer than the settle query takes, or with white space or control characters
	RuleAccountForeign       Rule = "account_foreign" // one account alone was asked for, and the bill is of another
	RuleOverflow             Rule = "overflow"
	RuleSettleAmount         Rule = "settle_amount_identity"
	RuleSettleDetail         Rule = "settle_detail"
	RuleSettleForeign        Rule = "settlement_foreign"
	RuleSettleShared         Rule = "settlement_shared"
	RuleSettleElsewhere      Rule = "settlement_elsewhere" // it counts on another day of its order, further away than the lookback
	RuleBillRemoved          Rule = "bill_removed"         // a settlement that succeeded, and whose order has no bill any more
	RuleCallbackConflict     Rule = "callback_conflict"    // same settle_id, item, status and event_time; other content
	RuleCallbackContradicts  Rule = "callback_contradicts" // the query says otherwise; the query wins
	RuleCallbackUnconfirmed  Rule = "callback_unconfirmed" // the query, asked later for its order or its own ids, knows nothing of it
)

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
	Doc: "One row per thing that a person should look at; never a reason to drop a bill.",
	Fields: []Field[Exception]{
		required(textOf[Rule](), Column{Name: "rule", Label: "规则", Doc: "the rule that is broken"},
			func(e *Exception) *Rule { return &e.Rule }),
		required(textOf[Severity](), Column{Name: "severity", Label: "级别", Doc: "error or warning"},
			func(e *Exception) *Severity { return &e.Severity }),
		nullable(text, Column{Name: "account_id", Label: "收款账户", Doc: "account of the bill"},
			func(e *Exception) *Null[string] { return &e.AccountID }),
		nullable(text, Column{Name: "ledger_id", Label: "账单ID", Layout: Distinct, Doc: "the bill"},
			func(e *Exception) *Null[string] { return &e.LedgerID }),
		nullable(text, Column{Name: "shop_order_id", Label: "订单号", Layout: Distinct, Doc: "order of the bill"},
			func(e *Exception) *Null[string] { return &e.ShopOrderID }),
		nullable(text, Column{Name: "settle_id", Label: "分账单号", Layout: Distinct, Doc: "the settlement"},
			func(e *Exception) *Null[string] { return &e.SettleID }),
		fen(Column{Name: "expected_fen", Label: "应为", Layout: Distinct, Doc: "what the rule asks for, signed"},
			func(e *Exception) *Null[Fen] { return &e.Expected }),
		fen(Column{Name: "actual_fen", Label: "实为", Layout: Distinct, Doc: "what was received, signed"},
			func(e *Exception) *Null[Fen] { return &e.Actual }),
		required(text, Column{Name: "detail", Label: "说明", Layout: Distinct, Doc: "what is wrong, in words"},
			func(e *Exception) *string { return &e.Detail }),
		nullable(text, Column{Name: "record", Label: "原始记录", Layout: Distinct, Doc: "the raw record as JSON; the coupon code as the job says"},
			func(e *Exception) *Null[string] { return &e.Record }),
		nullable(text, Column{Name: "archive_key", Label: "存档文件", Doc: "the archive object that holds the raw record"},
			func(e *Exception) *Null[string] { return &e.ArchiveKey }),
	},
}
