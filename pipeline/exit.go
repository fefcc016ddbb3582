package pipeline

import (
	"context"
	"errors"

	"billwalk/pipeline/claims"
	"billwalk/schema"
)

// Exit codes of a run, as the command line documents them.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitConfig      = 2 // the configuration, the clock or the store's permissions are wrong: nothing was published
	ExitIncomplete  = 3 // some units failed; what is whole was published
	ExitStopped     = 5 // by quota, deadline or outage; run again to go on
	ExitSuperseded  = 6 // another run got there first
	ExitInterrupted = 130
)

// errStoppedToday is the error of a run that a quota, an outage or the deadline stopped.
var errStoppedToday = errors.New("stopped by quota, deadline or outage; run again to go on")

// exitCode returns the exit code of a run with the summary and error.
func exitCode(ctx context.Context, s *Summary, err error) int {
	switch {
	case ctx.Err() != nil:
		var signal interface{ ExitCode() int }
		if errors.As(context.Cause(ctx), &signal) {
			return signal.ExitCode()
		}
		return ExitInterrupted
	case errors.Is(err, claims.ErrDenied):
		return ExitConfig
	case errors.Is(err, errStoppedToday):
		return ExitStopped
	case err != nil && onlySuperseded(err):
		return ExitSuperseded
	case err != nil:
		return ExitFailed
	case len(s.Failures) > 0:
		return ExitIncomplete
	default:
		return ExitDone
	}
}

// onlySuperseded reports whether nothing went wrong but that another run came first.
func onlySuperseded(err error) bool {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			if !onlySuperseded(part) {
				return false
			}
		}
		return true
	default:
		if inner := errors.Unwrap(err); inner != nil {
			return onlySuperseded(inner)
		}
		return errors.Is(err, schema.ErrSuperseded)
	}
}
