package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"billwalk/sinks/object"
)

// simStore is the store as a process reaches it.
type simStore struct{ *simProcess }

// Pause implements object.Paced.
func (s simStore) Pause(limit time.Duration) time.Duration { return s.jitter(limit) }

var errNetwork = errors.New("connection reset by peer")

// Get implements object.Store.
func (s simStore) Get(ctx context.Context, key string) (body io.ReadCloser, info object.Info, err error) {
	err = s.read(ctx, "get", key, func() error {
		body, info, err = s.store.Get(ctx, key)
		return err
	})
	return body, info, err
}

// Head implements object.Store.
func (s simStore) Head(ctx context.Context, key string) (info object.Info, err error) {
	err = s.read(ctx, "head", key, func() error {
		info, err = s.store.Head(ctx, key)
		return err
	})
	return info, err
}

// List implements object.Store.
func (s simStore) List(ctx context.Context, prefix string) iter.Seq2[object.Info, error] {
	return func(yield func(object.Info, error) bool) {
		if err := s.read(ctx, "list", prefix, func() error { return nil }); err != nil {
			yield(object.Info{}, err)
			return
		}
		for info, err := range s.store.List(ctx, prefix) {
			if !yield(info, err) {
				return
			}
		}
	}
}

// read makes a step that changes nothing. The SDK repeats a read by itself, so
// that it fails for the program one time in eight that it fails at all.
func (s simStore) read(ctx context.Context, op, key string, call func() error) error {
	step, err := s.begin(ctx, op, key)
	if err != nil {
		return fmt.Errorf("%s %s: %w", op, key, err)
	}
	if step.fate != fine && step.chance("read")%8 == 0 {
		step.fate = refused
	} else {
		step.fate = fine
	}
	answered := step.apply(func() string {
		err = call()
		return outcomeOf(err)
	})
	if !answered {
		return fmt.Errorf("%s %s: %w", op, key, errNetwork)
	}
	return err
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, object.ErrNotFound):
		return "not found"
	case errors.Is(err, object.ErrConflict):
		return "conflict"
	default:
		return err.Error()
	}
}

// Put implements object.Store.
func (s simStore) Put(ctx context.Context, key string, body io.ReadSeeker, cond object.Condition, meta map[string]string) (info object.Info, err error) {
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return info, err
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return info, err
	}
	step, err := s.begin(ctx, "put", key)
	if step.nth == 0 {
		return info, fmt.Errorf("put %s: %w", key, err)
	}
	if err != nil { // the process died, or gave up, when it was on its way or just before
		step.fate = []fate{late, refused}[step.chance("cut off")%2]
	}
	var stored object.Info // of their own: a late step has them when Put has long returned
	var refusal error
	answered := step.apply(func() string {
		stored, refusal = s.simulation.put(s.simProcess, key, content, cond, meta)
		return outcomeOf(refusal)
	})
	switch {
	case answered:
		return stored, refusal
	case s.isDead():
		return object.Info{}, fmt.Errorf("put %s: %w", key, errDead)
	default:
		return object.Info{}, fmt.Errorf("put %s: %w: %w", key, object.ErrUnknown, cmp.Or(ctx.Err(), errNetwork))
	}
}
