package douyin

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"billwalk/schema"
)

// Client calls the platform for one App. It is safe for concurrent use. All calls share
// its token, and each API has a rate limit and a retry budget of its own.
type Client struct {
	app    App
	http   *http.Client
	log    *slog.Logger
	now    func() time.Time // dates answers
	jitter func(limit time.Duration) time.Duration
	token  *tokens

	patience, firstPatience time.Duration // how long to wait for the end of an outage; firstPatience for an API that has never answered
	cache                   TokenCache    // nil if the token is not shared

	bills, settlements, tokenCalls endpoint

	secrets schema.Redactor  // client_secret and the tokens, hidden in answers and messages
	hidden  *schema.Redactor // more that is hidden in messages; may be nil

	clock              clock
	retries, throttled atomic.Int64
	backedOff          atomic.Int64 // nanoseconds
}

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Token fetches a token if the client has none, as every call does. The error is an
// *Error, or wraps ctx's.
func (c *Client) Token(ctx context.Context) error {
	_, err := c.token.get(ctx)
	return err
}

// Name returns the app's name in jobs.yaml.
func (c *Client) Name() string { return c.app.Name }

// Skew returns how far this machine's clock is ahead of the platform's; negative if it is
// behind. ok is false until an answer had a time.
func (c *Client) Skew() (ahead time.Duration, ok bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.clock.ahead, c.clock.known
}
