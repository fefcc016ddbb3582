package schema

import (
	"encoding/json"
	"time"
)

// Match is one way from a bill to its settlements: Parameter of the settle query
// is given the value of the bills table's Column.
type Match struct {
	Parameter string // settle_id, order_id, out_settle_no or out_order_no
	Column    string // a text id of the bills table
}

// String returns the rule as jobs.yaml has it.
func (m Match) String() string { return m.Parameter + ": " + m.Column }

// MaxQueryID is how long an id may be that the settle query is asked with, in bytes.
const MaxQueryID = 64

// Query is one call of the settle query.
type Query struct {
	Match
	Value string
}

// SettleAnswer is one answer of the settle query as it was received but for credentials: the
// archive's record. It is filed under the unit whose bills asked.
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

// Query returns what was asked.
func (a *SettleAnswer) Query() Query {
	return Query{Match{a.Parameter, a.Column}, a.Value}
}
