package sandbox

// Verdicts, and how a group was matched.
const (
	matched       = "matched"
	mismatched    = "mismatched"
	billOnly      = "bill_only"
	pending       = "pending"
	failed        = "failed"
	notApplicable = "not_applicable"

	settlementOnly = "settlement_only"

	perItem   = "item"
	perOrder  = "order"
	perWindow = "order_window"
	perAmount = "amount"
)

// Verdicts of withdrawals, beside mismatched and failed.
const (
	tied     = "tied"
	inFlight = "in_flight"
	manual   = "manual"
)
