package report

import (
	"time"

	"billwalk/schema"
)

// MaxWithdrawals is how many withdrawals a report lists: those that somebody has to look at
// first, then the largest.
const MaxWithdrawals = 500

const (
	// maxWithdrawnDrills is how many of them have their bills, and maxWithdrawnBills how many
	// bills of each are shown.
	maxWithdrawnDrills = 100
	maxWithdrawnBills  = 50
	// maxPeriods is how many rows of accounts and days, or months, a report has.
	maxPeriods = 4000
)

// Withdrawals are those (提现) that were launched on the report's days, and the roll-forward of
// what waits to be withdrawn (余额调节表). All is as of To: a withdrawal that was launched later
// has paid nothing yet.
type Withdrawals struct {
	Since    schema.Day      `json:"since"` // the lake's first day: its opening is what withdrawals pay of earlier bills
	Total    PayeeBalance    `json:"total"`
	Accounts []PayeeBalance  `json:"accounts"` // by account
	ByMonth  bool            `json:"by_month,omitempty"`
	Periods  []PeriodBalance `json:"periods"` // those of accounts and days, or months, with movements; none where these are too many
	Verdicts []WithdrawSum   `json:"verdicts"`
	List     []Withdrawal    `json:"list"`
	Left     int64           `json:"left"` // that are not listed
}

// Balance is a roll-forward: Opening + In - Out - Withdrawn = Closing.
type Balance struct {
	Opening   schema.Fen `json:"opening,string"`
	In        schema.Fen `json:"in,string"`        // bills to the merchant: fund_amount, or goods without one
	Out       schema.Fen `json:"out,string"`       // bills from the merchant, without a sign
	Withdrawn schema.Fen `json:"withdrawn,string"` // withdrawals that are paid, those by hand included
	Closing   schema.Fen `json:"closing,string"`
	// Unexplained is by how much withdrawals are more than their bills; by hand, all of it.
	Unexplained schema.Fen `json:"unexplained,string"`

	BillsWithdrawn int64 `json:"bills_withdrawn"` // of the time's bills, by where their money is
	BillsWaiting   int64 `json:"bills_waiting"`
	BillsUnknown   int64 `json:"bills_unknown"` // of unknown direction: not withdrawable
}

// PayeeBalance is the roll-forward of a payee over the report's days.
type PayeeBalance struct {
	Account string `json:"account"` // empty in the total
	Name    string `json:"name,omitempty"`
	Balance
	Waiting [4]Waiting `json:"waiting"` // of all days since the first, by WaitingBands
	// UnexplainedSince is Unexplained of all days since the first: Closing and it are Σ Waiting.
	UnexplainedSince schema.Fen `json:"unexplained_since,string"`
}

// PeriodBalance is the roll-forward of a payee over a day, YYYY-MM-DD, or a month, YYYY-MM.
type PeriodBalance struct {
	Period  string `json:"period"`
	Account string `json:"account"`
	Balance
}

// WaitingBands are the ages in days, from the bill's day to the report's last, of what waits.
var WaitingBands = [4]AgeBand{{0, 1}, {2, 7}, {8, 30}, {31, 0}}

// Waiting is what waits of bills of one age.
type Waiting struct {
	Bills int64      `json:"bills"`
	Fen   schema.Fen `json:"fen,string"`
}

// WithdrawSum adds up the withdrawals of one verdict.
type WithdrawSum struct {
	Verdict schema.WithdrawVerdict `json:"verdict"`
	Count   int64                  `json:"count"`
	Amount  schema.Fen             `json:"amount,string"`
	Bills   schema.Fen             `json:"bills,string"` // Σ of their bills
	Diff    schema.Fen             `json:"diff,string"`
}

// Withdrawal is one of them.
type Withdrawal struct {
	Day      schema.Day             `json:"day"` // on which it was launched
	Account  string                 `json:"account"`
	ID       string                 `json:"id"`
	Verdict  schema.WithdrawVerdict `json:"verdict"`
	Status   string                 `json:"status,omitempty"` // as received
	Amount   Amount                 `json:"amount"`
	BillRows *int64                 `json:"bill_rows"`
	Bills    Amount                 `json:"bills"` // Σ of its bills
	Diff     Amount                 `json:"diff"`
	Launched *time.Time             `json:"launched,omitempty"`
	Paid     *time.Time             `json:"paid,omitempty"`
	Message  string                 `json:"message,omitempty"`
	Bank     string                 `json:"bank,omitempty"` // masked
	LogID    string                 `json:"logid,omitempty"`
	List     []WithdrawnBill        `json:"list,omitempty"` // its first bills, where it is one of the first of the list
}

// WithdrawnBill is a bill that a withdrawal pays.
type WithdrawnBill struct {
	LedgerID   string `json:"ledger_id"`
	SettleType int32  `json:"settle_type"`
	BilledOn   string `json:"billed_on,omitempty"` // empty where no published day has it
	Amount     Amount `json:"amount"`
}
