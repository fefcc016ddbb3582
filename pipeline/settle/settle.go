// Package settle queries how orders were shared out (分账), with as few calls as possible,
// and archives the answers.
//
// One call an order is what a night costs. An order is queried until what is known of it
// agrees with its bills; a SUCCESS alone is not the end, for an order may be shared out
// in parts. The match rules of the job are tried one after the other, first the one that
// answers most often for the account. Of the orders that need no query, one in a hundred
// is queried all the same, so that a change that went unnoticed is found.
//
// [Settler.Day] (day.go) lists the orders of a day (order.go) and runs a pass over those of
// each unit (pass.go): of the orders that are due (policy.go), chunks are queried side by
// side (chunk.go, query.go), each by its rules in turn (rules.go). [Settler.Confirm] queries
// settlements that only callbacks name.
package settle

import (
	"context"
	"log/slog"
	"time"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/progress"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/stop"
	"billwalk/pipeline/unreadable"
	"billwalk/schema"
)

// Trade is the trade system's settle query.
type Trade interface {
	// Settlements makes one query, and decodes its answer. It retries and keeps the pace
	// by itself. An error may carry a schema.Failure in a method Failure. Safe for
	// concurrent use.
	Settlements(ctx context.Context, q schema.Query) (normalise.SettlementsAnswer, error)
}

// Archive keeps the raw answers, and passes over a unit's orders.
type Archive interface {
	unreadable.Archive
	// EncodeSettlement returns the answer in the archive's form. Encoded answers may be
	// joined.
	EncodeSettlement(a schema.SettleAnswer) ([]byte, error)
	// AppendSettlements makes encoded answers durable as batch n (from 1) of a pass, and
	// returns the key of the object in which they lie.
	AppendSettlements(ctx context.Context, u schema.Unit, pass string, n int, answers []byte) (key string, err error)
	// CertifySettlements makes durable that a pass is complete.
	CertifySettlements(ctx context.Context, p *schema.SettlePass) error
}

// Config is how a job queries its orders.
type Config struct {
	Trade      Trade      // nil queries nothing
	InFlight   int        // queries side by side, over all units
	Needed     func() int // as many are, if these are more: what the whole rate needs at the present latency; may be nil
	FinalCheck bool       // all orders of a day are queried once more, when it is looked at for the last time
}

// Settler queries orders for one run.
type Settler struct {
	Config
	Archive  Archive
	Evidence *evidence.Evidence
	Rules    *reconcile.Rules
	Halt     *stop.Halt
	Log      *slog.Logger
	Now      func() time.Time
	Progress *progress.Counter

	RunID    string
	Backfill bool                    // the run is of given days, which need not be looked at again
	LastLook schema.Null[schema.Day] // the day that is looked at for the last time, if there is one
	Started  time.Time               // the run
	Began    time.Time               // its work, after it had waited for other runs

	// Again says that the orders were queried before, by what this process alone knew of them:
	// those that have an answer of tonight are not due.
	Again bool

	// EndedWell reports whether an earlier run has ended well.
	EndedWell func(ctx context.Context, runID string) (bool, error)
}
