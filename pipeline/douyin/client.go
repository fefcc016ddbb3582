package douyin

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"billwalk/schema"
)

// Client calls the platform for one App. Any number of goroutines may use it at
// once, for bills and for settlements: they share its token, and each API has a
// pace and a retry budget of its own.
type Client struct {
	app    App
	http   *http.Client
	log    *slog.Logger
	now    func() time.Time // dates answers
	jitter func(limit time.Duration) time.Duration
	token  *tokens

	patience, firstPatience time.Duration // with an outage; with an API that has never answered
	cache                   TokenCache    // nil for a token of its own

	bills, settlements, tokenCalls endpoint

	secrets schema.Redactor  // client_secret and the tokens: in no answer, and in no message
	hidden  *schema.Redactor // in no message; nil for nothing more

	clock              clock
	retries, throttled atomic.Int64
	backedOff          atomic.Int64 // nanoseconds
}

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Token gets a token, as every call does first, and keeps it for them. The error
// is an *Error, or wraps ctx's.
func (c *Client) Token(ctx context.Context) error {
	_, err := c.token.get(ctx)
	return err
}

// Name is the app's, as jobs.yaml calls it.
func (c *Client) Name() string { return c.app.Name }

// Skew returns how far this machine's clock is ahead of the platform's; it is
// negative where it is behind. ok is false until an answer has said the time.
func (c *Client) Skew() (ahead time.Duration, ok bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.clock.ahead, c.clock.known
}
