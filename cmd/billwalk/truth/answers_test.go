package truth

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// stoppedClock dates every answer alike.
type stoppedClock struct {
	walk.Source
	at time.Time
}

func (s stoppedClock) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	a, err := s.Source.Bills(ctx, u, cursor, size)
	a.FetchedAt = s.at
	return a, err
}

// countdown does something after a number of answers.
type countdown struct {
	walk.Source
	mu   sync.Mutex
	left int
	then func()
}

func (c *countdown) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (normalise.PageAnswer, error) {
	a, err := c.Source.Bills(ctx, u, cursor, size)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		c.then()
	}
	return a, err
}

// cancelled returns a context and what ends it as SIGTERM does.
func cancelled(t *testing.T) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	return ctx, func() { cancel(cli.Interrupted(syscall.SIGTERM)) }
}
