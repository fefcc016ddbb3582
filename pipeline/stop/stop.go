// Package stop ends a run before its work is done: for a signal, its deadline, or a
// failure that makes further calls pointless. What was fetched by then is still stored,
// and a later run resumes from it.
package stop

import (
	"context"
	"errors"
	"time"

	"billwalk/schema"
)

// A run that is interrupted ends within 20 s.
const (
	Grace      = 12 * time.Second // for calls in flight
	FlushGrace = 6 * time.Second  // after that, for storing what was fetched
)

// ResumeAge is how long an interrupted walk or pass can be resumed. An older one is
// begun again: its cursor may be dead, and the day may have changed.
const ResumeAge = 6 * time.Hour

// ErrStopped ends work that was asked to stop. What it fetched is in the archive.
var ErrStopped = errors.New("stopped; run again to go on from here")

// ErrDeadline is the cause of a context that the run's deadline has ended.
var ErrDeadline = errors.New("the deadline has come")

// Outlast returns a context that ends some time after its parent does.
func Outlast(parent context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() { time.AfterFunc(by, cancel) })
	return ctx, func() { stop(); cancel() }
}

// Sleep waits, or returns the context's error as soon as the context ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// DeadlineFailure returns the failure of a unit that the deadline has ended.
func DeadlineFailure(u schema.Unit) schema.Failure {
	return schema.Failure{Account: u.Account.ID, Day: u.Day, Error: schema.CodeDeadline, Reason: ErrDeadline.Error() + "; run again to go on", Reach: schema.ReachToday}
}
