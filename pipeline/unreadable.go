package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"billwalk/schema"
)

// keeper keeps, for Douyin's support, answers that could not be read.
type keeper struct {
	archive Archive
	runID   string
	log     *slog.Logger
}

// keep stores the answer that an error comes with, if there is one, and returns the
// unit's failure, which then names the object. That it could not be stored is worth
// a warning, and no failure.
func (k keeper) keep(ctx context.Context, u schema.Unit, kind schema.UnreadableKind, at time.Time, err error) schema.Failure {
	failure := failureOf(err, u)
	var fault interface{ Unreadable() []byte }
	if !errors.As(err, &fault) || len(fault.Unreadable()) == 0 {
		return failure
	}
	ctx, cancel := outlasting(ctx, flushGrace)
	defer cancel()
	key, err := k.archive.StoreUnreadable(ctx, schema.UnreadableAnswer{
		Unit: u, Kind: kind, Run: k.runID, Reason: failure.Reason, LogID: failure.LogID, FetchedAt: at, Body: fault.Unreadable(),
	})
	if err != nil {
		k.log.Warn("an answer that could not be read could not be kept, either", "account_id", u.Account.ID, "bill_date", u.Day, "logid", failure.LogID, "error", err)
		return failure
	}
	failure.Reason = strings.TrimSuffix(failure.Reason, ".") + ". The answer is kept as " + key
	return failure
}
