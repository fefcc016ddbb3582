package schema

import (
	"encoding/json"
	"time"
)

// Match is a match rule, from a bill to its settlements: the settle query has, as its
// Parameter, the value of the bill's Column.
type Match struct {
	Parameter string // settle_id, order_id, out_settle_no or out_order_no
	Column    string // a text id of the bills table
}

// String returns the rule as jobs.yaml has it.
func (m Match) String() string { return m.Parameter + ": " + m.Column }

// MaxQueryID is the maximum length of an id in the settle query, in bytes.
const MaxQueryID = 64

// Query is one call of the settle query.
type Query struct {
	Match
	Value string
}

// SettleAnswer is one answer of the settle query as it was received, without credentials. The
// archive keeps it under the unit whose bills were queried.
type SettleAnswer struct {
	Account   AccountID       `json:"account"`
	Day       Day             `json:"bill_date"`
	Parameter string          `json:"parameter"`
	Column    string          `json:"column"`
	Value     string          `json:"value"`
	FetchedAt time.Time       `json:"fetched_at"`
	LogID     string          `json:"logid"`
	Body      json.RawMessage `json:"body"` // one JSON value without line breaks, otherwise the bytes received
	Key       string          `json:"-"`    // the archive object that it was read from
}

// Query returns the query of the answer.
func (a *SettleAnswer) Query() Query {
	return Query{Match{a.Parameter, a.Column}, a.Value}
}
