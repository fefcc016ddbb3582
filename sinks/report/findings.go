package report

import (
	"time"

	"billwalk/schema"
)

// Store is the fee rate of one store over its forward bills.
type Store struct {
	Account  schema.AccountID `json:"account"`
	ID       string           `json:"id"`             // poi_id; empty for bills of the account as a whole
	Name     string           `json:"name,omitempty"` // where it is known
	Bills    int64            `json:"bills"`          // with both amounts known
	Unknown  int64            `json:"unknown"`        // other bills, which are not in the rate
	Total    schema.Fen       `json:"total,string"`   // ledger_total of Bills
	Fee      schema.Fen       `json:"fee,string"`     // their service fee; Fee / Total is the rate, exactly
	Rate     *int64           `json:"rate,string"`    // in basis points, rounded half away from 0; nil if Total is 0
	Median   *int64           `json:"median,string"`  // of the rates of the account's stores
	Outlying bool             `json:"outlying"`       // the rate is more than OutlyingPoints from the median

	Commissions Rated `json:"commissions"` // commissions of the ledger_total
	Taken       Rated `json:"taken"`       // service fee and commissions together
	Lacking     struct {
		Total       int64 `json:"total"`
		Fee         int64 `json:"fee"`
		Commissions int64 `json:"commissions"`
	} `json:"lacking"` // forward bills that do not state one of these, which is why they are in no rate with it
}

// Rated is a rate over the forward bills that state all that it is of.
type Rated struct {
	Bills int64      `json:"bills"`
	Total schema.Fen `json:"total,string"` // ledger_total of Bills
	Part  schema.Fen `json:"part,string"`
	Rate  *int64     `json:"rate,string"` // as Store.Rate
}

// OutlyingPoints is how far from the median of its account a store's rate may be, in basis
// points.
const OutlyingPoints = 100

// RuleCount counts the exceptions of one rule and severity.
type RuleCount struct {
	Rule     schema.Rule     `json:"rule"`
	Severity schema.Severity `json:"severity"`
	Count    int64           `json:"count"`
	Examples []Exception     `json:"examples"` // the first MaxExamples
}

// Exception is one thing that a person should look at.
type Exception struct {
	Day      schema.Day `json:"day"`
	Account  string     `json:"account,omitempty"` // of the bill
	LedgerID string     `json:"ledger_id,omitempty"`
	Order    string     `json:"order,omitempty"`
	SettleID string     `json:"settle_id,omitempty"`
	Expected Amount     `json:"expected"`
	Actual   Amount     `json:"actual"`
	Detail   Text       `json:"detail"`
}

// Restatements are the changes of one day's bills after it was published (账单变更).
type Restatements struct {
	Day      schema.Day    `json:"day"`
	Added    int64         `json:"added"`
	Removed  int64         `json:"removed"`
	Changed  int64         `json:"changed"`
	Total    schema.Fen    `json:"total,string"`    // new - old ledger_total
	Merchant schema.Fen    `json:"merchant,string"` // new - old goods
	Unknown  int64         `json:"unknown"`         // changes whose effect on Total or Merchant is not known
	Examples []Restatement `json:"examples"`        // the MaxExamples with the largest effect
}

// ClosedDay is a day that a person has closed, with the changes of its bills since (结账后变更),
// which are a part of the day's Restatements.
type ClosedDay struct {
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Generation int64     `json:"generation"` // that was closed
	Restatements
}

// Restatement is the change of one bill.
type Restatement struct {
	Account       schema.AccountID `json:"account"` // the configured one
	LedgerID      string           `json:"ledger_id"`
	Order         string           `json:"order,omitempty"`
	Change        schema.Change    `json:"change"`
	Columns       []string         `json:"columns,omitempty"` // that differ
	Total         Amount           `json:"total"`
	Merchant      Amount           `json:"merchant"`
	OldGeneration int64            `json:"old_generation"`
	NewGeneration int64            `json:"new_generation"`
	At            time.Time        `json:"at"`
}

// How much of long lists a report has, unless Options say otherwise.
const (
	MaxOrders   = 100_000 // open orders
	MaxDrills   = 2_000   // of them with bills and settlements
	MaxExamples = 5       // of each rule's exceptions and each day's restatements
)

// Doubtful adds up the matched groups with an exception on one of their bills or settlements:
// 平账（存疑）. It is a part of what VerdictSum has of schema.Matched.
type Doubtful struct {
	Groups  int64      `json:"groups"`
	Billed  schema.Fen `json:"billed,string"`
	Settled schema.Fen `json:"settled,string"`
}

// Doubt is one such group.
type Doubt struct {
	Day     schema.Day       `json:"day"`
	Account schema.AccountID `json:"account"`
	Key     string           `json:"key"` // group_key
	Billed  Amount           `json:"billed"`
	Settled Amount           `json:"settled"`
	Rules   []schema.Rule    `json:"rules"` // of its exceptions, each once
}

// MaxDoubts is how many Doubts a report lists.
const MaxDoubts = 10_000

// Refunds are the refunds of orders that had been shared out (分账后退款): refund bills of the
// report's days, made at or after the first successful settlement of their order. The saved
// query refunds_after_settlement has the same of a whole lake.
type Refunds struct {
	Since   schema.Day      `json:"since"` // settlements are looked for from this day to the end of the report
	Bills   int64           `json:"bills"`
	Refund  schema.Fen      `json:"refund,string"` // ledger_total of the refund bills, signed
	Unknown int64           `json:"unknown"`       // of them, those without an amount
	Orders  int64           `json:"orders"`
	List    []RefundedOrder `json:"list"`   // the largest
	Stores  []RefundedStore `json:"stores"` // all, by account and store
}

// RefundedOrder is one order with such refunds.
type RefundedOrder struct {
	Key     string           `json:"key"` // as Order.Key
	Account schema.AccountID `json:"account"`
	Store   string           `json:"store,omitempty"` // poi_id of its refunds; empty if there are several
	Bills   int64            `json:"bills"`
	Refund  schema.Fen       `json:"refund,string"`
	Settled schema.Fen       `json:"settled,string"`       // of its successful settlements
	Since   *time.Time       `json:"settled_at,omitempty"` // the first of them
	First   schema.Day       `json:"first"`                // of its refunds
	Last    schema.Day       `json:"last"`
	Drill   *Drill           `json:"drill,omitempty"` // of the first, unless Orders lists the order
}

// RefundedStore adds the refunds of a store up.
type RefundedStore struct {
	Account schema.AccountID `json:"account"`
	Store   string           `json:"store"` // poi_id
	Bills   int64            `json:"bills"`
	Refund  schema.Fen       `json:"refund,string"`
}
