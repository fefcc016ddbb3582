package schema

import "time"

// UnreadableKind says which API an unreadable answer is of.
type UnreadableKind string

const (
	UnreadableBills       UnreadableKind = "bills"
	UnreadableSettlements UnreadableKind = "settlements"
)

// UnreadableAnswer is an answer that arrived and is not what the API documents: it has
// an id or amount that is not valid text, a repeated key, or text after its end. It is
// kept for Douyin's support.
type UnreadableAnswer struct {
	Unit      Unit
	Kind      UnreadableKind
	Run       string // id of the run that received it
	Reason    string
	LogID     string
	FetchedAt time.Time
	Body      []byte // as received, but for credentials
}
