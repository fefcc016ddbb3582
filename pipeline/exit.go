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
	ExitIncomplete  = 3 // some units failed, or some orders have no answer; what is whole was published
	ExitDifferences = 4 // all went well, groups are mismatched, and the caller fails on that
	ExitStopped     = 5 // by quota, deadline or outage; run again to go on
	ExitSuperseded  = 6 // another run got there first
	ExitInterrupted = 130
)

// errStoppedToday is the error of a run that a quota, an outage or the deadline stopped.
var errStoppedToday = errors.New("stopped by quota, deadline or outage; run again to go on")

// exitCode returns the exit code of a run with the error. incomplete means that units
// or orders failed.
func exitCode(ctx context.Context, incomplete bool, err error) int {
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
	case errors.As(err, new(*supersededError)):
		return ExitSuperseded
	case err != nil:
		return ExitFailed
	case incomplete:
		return ExitIncomplete
	default:
		return ExitDone
	}
}

// faults collects errors that do not end a run.
type faults struct {
	all    []error
	failed bool // one of them is not schema.ErrSuperseded
}

// add adds an error, unless it is nil.
func (f *faults) add(err error) {
	if err != nil {
		f.all = append(f.all, err)
		f.failed = f.failed || !errors.Is(err, schema.ErrSuperseded)
	}
}

// err returns the errors as one, or nil. It is a *supersededError where nothing went
// wrong but that other runs came first.
func (f *faults) err() error {
	err := errors.Join(f.all...)
	if err == nil || f.failed {
		return err
	}
	return &supersededError{err}
}

// supersededError is the error of a run whose partitions other runs published first.
type supersededError struct{ error }

func (e *supersededError) Unwrap() error { return e.error }
