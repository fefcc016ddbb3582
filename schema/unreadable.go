package schema

import "time"

// UnreadableKind is the API of an unreadable answer.
type UnreadableKind string

const (
	UnreadableBills       UnreadableKind = "bills"
	UnreadableSettlements UnreadableKind = "settlements"
	UnreadableStores      UnreadableKind = "stores"
	UnreadableWithdrawals UnreadableKind = "withdrawals"
)

// UnreadableAnswer is an answer that is not as the API documents: it has an id or amount that
// is not valid text, a repeated key, or text after its end. It is kept for Douyin's support.
type UnreadableAnswer struct {
	Unit      Unit
	Kind      UnreadableKind
	Run       string // id of the run that received it
	Reason    string
	LogID     string
	FetchedAt time.Time
	Body      []byte // as received, without credentials
}
