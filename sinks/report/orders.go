package report

import (
	"time"

	"billwalk/schema"
)

// Orders are the open orders: those with a group whose verdict is open, or that lacks a key
// (no_key), unless the differences of its groups take each other back. An order is summed
// over all its groups of the report's days, also the matched ones, before anything is
// filtered. A bill or a settlement that has no order is an order of its own. One that people
// have settled by hand, in every account that it is open in, is resolved instead of open.
// Open + Resolved + Closed is all there is: their Billed add up to Σ Billed of the total's
// Verdicts, likewise Settled.
type Orders struct {
	List         []Order  `json:"list"`          // the largest of the open ones, by amount at stake
	Open         OrderSum `json:"open"`          // all open orders
	Left         OrderSum `json:"left"`          // those of them that are not in List, because it is full
	ResolvedList []Order  `json:"resolved_list"` // the largest of the resolved ones
	Resolved     OrderSum `json:"resolved"`      // all resolved orders
	Closed       OrderSum `json:"closed"`        // orders with forward bills or settlements of which nothing is open
}

// OrderSum adds orders up.
type OrderSum struct {
	Orders  int64      `json:"orders"`
	Billed  schema.Fen `json:"billed,string"`
	Settled schema.Fen `json:"settled,string"`
	Stake   schema.Fen `json:"stake,string"` // see Order
}

// Order is one open order.
type Order struct {
	Key      string           `json:"key"`             // as in group_key: the order, ext:…, bill:… or settlement:…
	Order    string           `json:"order,omitempty"` // shop_order_id
	Item     string           `json:"item,omitempty"`  // item_order_id, if only one item is open
	Account  schema.AccountID `json:"account"`
	Accounts int              `json:"accounts,omitempty"` // if there are several; Account is then the first
	Store    string           `json:"store,omitempty"`    // poi_id of its bills; empty if there are several
	Verdict  schema.Verdict   `json:"verdict"`            // the first of schema.Verdicts among its open groups
	Reasons  []string         `json:"reasons,omitempty"`  // of its open groups
	Cause    string           `json:"cause,omitempty"`    // of its difference
	Legs     [4]Leg           `json:"legs"`               // by schema.Leg: total, fee, commission, net
	Stake    schema.Fen       `json:"stake,string"`       // the largest difference of a leg, without sign; without any, the larger of billed and settled
	Groups   int              `json:"groups"`
	First    schema.Day       `json:"first"` // of its groups in the report
	Last     schema.Day       `json:"last"`
	Age      int              `json:"age"` // in days, from First to the end of the report
	Noted    *Resolution      `json:"noted,omitempty"`
	Drill    *Drill           `json:"drill,omitempty"`
}

// Resolution is what a person has noted of an order (billwalk resolve).
type Resolution struct {
	State  ResolutionState `json:"state"`
	Reason string          `json:"reason"`
	By     string          `json:"by"`
	At     time.Time       `json:"at"`
	Diff   Amount          `json:"diff"` // settled - billed of the account's order then
}

// ResolutionState says what a resolution is worth.
type ResolutionState string

// The states of a resolution. An order of several accounts is resolved in each of them.
const (
	Resolved       ResolutionState = "resolved"
	ResolvedInPart ResolutionState = "in_part"  // not in every account
	Reopened       ResolutionState = "reopened" // the order's amounts are others now
)

// Leg is one amount on both sides.
type Leg struct {
	Billed  Amount `json:"billed"`
	Settled Amount `json:"settled"`
	Diff    Amount `json:"diff"` // settled - billed; NULL if it cannot be compared
}

// Drill is what an order's sums consist of; only the first MaxDrills orders have it.
type Drill struct {
	Bills           []Bill       `json:"bills"` // of any settle_type, of the report's days
	Settlements     []Settlement `json:"settlements"`
	BillsLeft       int          `json:"bills_left,omitempty"` // more than are shown
	SettlementsLeft int          `json:"settlements_left,omitempty"`
}

// Bill is one bill of an order.
type Bill struct {
	Day        schema.Day       `json:"day"`
	Account    schema.AccountID `json:"account"` // the configured one
	LedgerID   string           `json:"ledger_id"`
	Item       string           `json:"item,omitempty"`
	Store      string           `json:"store,omitempty"` // poi_id
	Product    string           `json:"product,omitempty"`
	SettleType int32            `json:"settle_type"`
	Counted    bool             `json:"counted"`
	Legs       [4]Amount        `json:"legs"`
	Time       *time.Time       `json:"time,omitempty"`
	LogID      string           `json:"logid,omitempty"`
	FetchedAt  time.Time        `json:"fetched_at"`
	Source     string           `json:"source"` // key of the archive object
}

// Settlement is one settlement of an order.
type Settlement struct {
	Day         schema.Day    `json:"day"`
	SettleID    string        `json:"settle_id"`
	OutSettleNo string        `json:"out_settle_no,omitempty"`
	Item        string        `json:"item,omitempty"`
	Status      schema.Status `json:"status"`
	Legs        [4]Amount     `json:"legs"`
	Time        *time.Time    `json:"time,omitempty"`
	Message     string        `json:"message,omitempty"` // why it failed
	LogID       string        `json:"logid,omitempty"`
	FetchedAt   time.Time     `json:"fetched_at"`
	Source      schema.Source `json:"source"`
	AskedBy     string        `json:"asked_by,omitempty"`
}

// Age counts the open orders of one verdict and one band of days.
type Age struct {
	Verdict schema.Verdict `json:"verdict"`
	Band    AgeBand        `json:"band"`
	OrderSum
	Oldest schema.Day `json:"-"` // the first day of the oldest, if there are orders
}

// AgeBand is a range of days, both included; Most is 0 if there is no end.
type AgeBand struct {
	Least int `json:"least"`
	Most  int `json:"most,omitempty"`
}

// Has reports whether something of so many days is in the band.
func (b AgeBand) Has(days int) bool { return days >= b.Least && (days <= b.Most || b.Most == 0) }

// AgeBands are the bands of Ages (账龄).
var AgeBands = []AgeBand{{0, 1}, {2, 7}, {8, 30}, {31, 0}}
