package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strconv"

	"billwalk/pipeline"
	"billwalk/pipeline/claims"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/object"
)

// coded is an error whose code this package knows.
type coded struct {
	code schema.ErrorCode
	error
}

func (c coded) ErrorCode() schema.ErrorCode { return c.code }
func (c coded) Unwrap() error               { return c.error }

// codeOf returns the code of an error for explain: the platform's, else billwalk's own.
func codeOf(err error) string {
	exit := pipeline.ExitFailed
	if ended, ok := errors.AsType[*exitError](err); ok {
		exit = ended.code
	}
	if exit >= pipeline.ExitInterrupted {
		return string(schema.CodeInterrupted)
	}
	if fault, ok := errors.AsType[*douyin.Error](err); ok && (fault.Code != 0 || fault.SubCode != 0) {
		return failureCode(fault.Failure())
	}
	if code := schema.ErrorCodeOf(err); code != "" {
		return string(code)
	}
	_, faults := errors.AsType[jobs.Faults](err)
	_, unfit := errors.AsType[*object.ProbeError](err)
	_, inFolder := errors.AsType[*fs.PathError](err)
	switch {
	case faults:
		return string(schema.CodeConfig)
	case errors.Is(err, claims.ErrShards):
		return string(schema.CodeUsage)
	case unfit:
		return string(schema.CodeStoreUnfit)
	case errors.Is(err, lake.ErrBuckets):
		return string(schema.CodeLayout)
	case errors.Is(err, object.ErrUnknown):
		return string(schema.CodeStore)
	case exit == exitUsage:
		return string(schema.CodeConfig)
	case exit == pipeline.ExitStopped:
		return string(schema.CodeStopped)
	case exit == pipeline.ExitSuperseded:
		return string(schema.CodeRace)
	case inFolder:
		return string(schema.CodeStore)
	default:
		return string(schema.CodeFailed)
	}
}

// failureCode returns the code of a failure: the platform's, else billwalk's own.
func failureCode(f schema.Failure) string {
	switch {
	case f.Code != 0:
		return strconv.FormatInt(f.Code, 10)
	case f.SubCode != 0:
		return strconv.FormatInt(f.SubCode, 10)
	case f.Error != "":
		return string(f.Error)
	case f.Reach == schema.ReachToday: // of an older billwalk, as the next
		return string(schema.CodeStopped)
	default:
		return string(schema.CodeFailed)
	}
}

// coding is a log handler that adds the code of an error to its record.
type coding struct{ slog.Handler }

// Handle implements slog.Handler.
func (c coding) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		if ok && a.Key == "error" {
			r = r.Clone()
			r.AddAttrs(slog.String("code", codeOf(err)))
		}
		return !ok
	})
	return c.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c coding) WithAttrs(attrs []slog.Attr) slog.Handler { return coding{c.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (c coding) WithGroup(name string) slog.Handler { return coding{c.Handler.WithGroup(name)} }
