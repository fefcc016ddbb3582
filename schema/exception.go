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
	RuleOverflow             Rule = "overflow"
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

// Exceptions is the table exceptions: one row per thing to look at.
var Exceptions = Table[Exception]{
	Name: "exceptions",
	Doc:  "One row per thing that a person should look at; never a reason to drop a bill.",
	Fields: []Field[Exception]{
		text(Column{Name: "rule", Required: true, Doc: "the rule that is broken"},
			func(e *Exception) Null[string] { return Some(string(e.Rule)) }),
		text(Column{Name: "severity", Required: true, Doc: "error or warning"},
			func(e *Exception) Null[string] { return Some(string(e.Severity)) }),
		text(Column{Name: "account_id", Doc: "account of the bill"},
			func(e *Exception) Null[string] { return e.AccountID }),
		text(Column{Name: "ledger_id", Layout: Distinct, Doc: "the bill"},
			func(e *Exception) Null[string] { return e.LedgerID }),
		text(Column{Name: "shop_order_id", Layout: Distinct, Doc: "order of the bill"},
			func(e *Exception) Null[string] { return e.ShopOrderID }),
		text(Column{Name: "settle_id", Layout: Distinct, Doc: "the settlement"},
			func(e *Exception) Null[string] { return e.SettleID }),
		fen(Column{Name: "expected_fen", Layout: Distinct, Doc: "what the rule asks for, signed"},
			func(e *Exception) Null[Fen] { return e.Expected }),
		fen(Column{Name: "actual_fen", Layout: Distinct, Doc: "what was received, signed"},
			func(e *Exception) Null[Fen] { return e.Actual }),
		text(Column{Name: "detail", Required: true, Layout: Distinct, Doc: "what is wrong, in words"},
			func(e *Exception) Null[string] { return Some(e.Detail) }),
		text(Column{Name: "record", Layout: Distinct, Doc: "the raw record as JSON; the coupon code as the job says"},
			func(e *Exception) Null[string] { return e.Record }),
		text(Column{Name: "archive_key", Doc: "the archive object that holds the raw record"},
			func(e *Exception) Null[string] { return e.ArchiveKey }),
	},
}
