package schema

import (
	"encoding/json"
	"time"
)

// Answer is one answer of the bill API as it was received, without credentials. The archive
// keeps it, so that every table can be built again without a call.
type Answer struct {
	Account   AccountID       `json:"account"`
	Day       Day             `json:"bill_date"`
	Walk      string          `json:"walk"`
	Page      int             `json:"page"` // 1 for the page at cursor "0"
	Cursor    string          `json:"cursor"`
	FetchedAt time.Time       `json:"fetched_at"`
	LogID     string          `json:"logid"`
	Body      json.RawMessage `json:"body"` // one JSON value without line breaks, otherwise the bytes received
	Key       string          `json:"-"`    // the archive object that it was read from
	SHA256    string          `json:"-"`    // of the body, if it was hashed since it was received
}
