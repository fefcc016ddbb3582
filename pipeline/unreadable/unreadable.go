// Package unreadable keeps answers that could not be read, for Douyin's support.
package unreadable

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// Archive stores unreadable answers.
type Archive interface {
	// StoreUnreadable stores an answer, the first of its kind for a unit in a run, and
	// returns the key of the object.
	StoreUnreadable(ctx context.Context, u schema.UnreadableAnswer) (key string, err error)
}

// Keeper stores the unreadable answers of one run.
type Keeper struct {
	Archive Archive
	RunID   string
	Log     *slog.Logger
}

// Keep stores the answer that an error carries in a method Unreadable, if there is one,
// and returns the unit's failure, which then names the object. An answer that cannot be
// stored is worth a warning, and no failure.
func (k Keeper) Keep(ctx context.Context, u schema.Unit, kind schema.UnreadableKind, at time.Time, err error) schema.Failure {
	failure := schema.FailureOf(err, u)
	var fault interface{ Unreadable() []byte }
	if !errors.As(err, &fault) || len(fault.Unreadable()) == 0 {
		return failure
	}
	ctx, cancel := stop.Outlast(ctx, stop.FlushGrace)
	defer cancel()
	key, err := k.Archive.StoreUnreadable(ctx, schema.UnreadableAnswer{
		Unit: u, Kind: kind, Run: k.RunID, Reason: failure.Reason, LogID: failure.LogID, FetchedAt: at, Body: fault.Unreadable(),
	})
	if err != nil {
		k.Log.Warn("an answer that could not be read could not be kept, either", "account_id", u.Account.ID, "account_name", u.Account.Name, "bill_date", u.Day, "logid", failure.LogID, "error", err)
		return failure
	}
	failure.Reason = strings.TrimSuffix(failure.Reason, ".") + ". The answer is kept as " + key
	return failure
}
