package cli

import (
	"context"
	"errors"
	"fmt"

	"billwalk/pipeline"
	"billwalk/schema"
)

const exitUsage = 2

// exitError ends the program with a code. Without an error it prints nothing more.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit %d: %v", e.code, e.err) }
func (e *exitError) Unwrap() error { return e.err }

// ExitCode is the code of a run that the error has ended.
func (e *exitError) ExitCode() int { return e.code }

func usage(format string, args ...any) error { return misused(fmt.Errorf(format, args...)) }

// misused says that the error is of the command line, and not of the configuration.
func misused(err error) error { return &exitError{exitUsage, coded{schema.CodeUsage, err}} }

func failed(err error) error { return &exitError{pipeline.ExitFailed, err} }

// cut is failed, but where a signal has ended the context: then that is why.
func cut(ctx context.Context, err error) error {
	var signal interrupted
	if errors.As(context.Cause(ctx), &signal) {
		return &exitError{signal.ExitCode(), err}
	}
	return failed(err)
}
