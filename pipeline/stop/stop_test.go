package stop

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// TestOutlast: the context ends the given time after its parent, or at once when it is
// cancelled.
func TestOutlast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, interrupt := context.WithCancel(t.Context())
		ctx, cancel := Outlast(parent, Grace)
		defer cancel()
		interrupted := time.Now()
		interrupt()
		<-ctx.Done()
		if got := time.Since(interrupted); got != Grace {
			t.Errorf("ended %v after its parent, want %v", got, Grace)
		}
		ctx, cancel = Outlast(t.Context(), Grace)
		cancel()
		if ctx.Err() == nil {
			t.Error("cancelled, and has not ended")
		}
	})
}

// TestSleep: it lasts as long as asked for, or until the context ends.
func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v, want no error after a minute", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := Sleep(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v, want the context's error after a second", err, time.Since(began))
		}
	})
}

// TestHalt: a failure stops its account, or all accounts, or nothing else.
func TestHalt(t *testing.T) {
	t.Parallel()
	unit := func(account schema.AccountID) schema.Unit {
		return schema.Unit{Account: schema.Account{ID: account}, Day: 7}
	}
	for _, row := range []struct {
		reach            schema.Reach
		all, same, other bool // stops all calls, the account's other day, another account
	}{
		{schema.ReachUnit, false, false, false},
		{schema.ReachAccount, false, true, false},
		{schema.ReachApp, true, true, true},
		{schema.ReachToday, true, true, true},
	} {
		h := NewHalt(slog.New(slog.DiscardHandler))
		if got := h.Record(schema.Failure{Account: "1", Day: 6, Code: 42, Reach: row.reach}); got != row.all {
			t.Errorf("%s: stops all calls: got %v, want %v", row.reach, got, row.all)
		}
		if f, got := h.Failure(unit("1")); got != row.same || got && (f.Account != "1" || f.Day != 7 || f.Code != 42) {
			t.Errorf("%s: same account: got %+v, %v, want stopped %v", row.reach, f, got, row.same)
		}
		if f, got := h.Failure(unit("2")); got != row.other || got && f.Account != "2" {
			t.Errorf("%s: other account: got %+v, %v, want stopped %v", row.reach, f, got, row.other)
		}
		h.LogAffected()
	}
}
