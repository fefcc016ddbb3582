package douyin

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
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
	observe                 func(context.Context, Request)
	mostAttempts            int           // of one call; 0 leaves it to the error
	quotaPatience           time.Duration // how long to wait for a quota that is used up
	cache                   TokenCache    // nil if the token is not shared
	share                   *Share        // nil if the rate is not

	bills, withdrawals, settlements, stores, tokenCalls endpoint

	secrets schema.Redactor  // client_secret and the tokens, hidden in answers and messages
	hidden  *schema.Redactor // more that is hidden in messages; may be nil

	clock              clock
	retries, throttled atomic.Int64
	backedOff          atomic.Int64 // nanoseconds
}

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// BillsNeeded returns how many calls of Bills must be under way to use the whole rate, at
// what its answers take now; 0 before the first. It is twice as many as the latest answers
// would have needed.
func (c *Client) BillsNeeded() int { return c.bills.pace.inFlight() }

// SettlementsNeeded is BillsNeeded of Settlements.
func (c *Client) SettlementsNeeded() int { return c.settlements.pace.inFlight() }

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

// App is one Douyin application: its credentials and its quota.
type App struct {
	Name         string // in jobs.yaml
	BaseURL      string // such as https://open.douyin.com; may have a path and a trailing slash
	ClientKey    string
	ClientSecret schema.Secret
	QPS          float64       // requests per second of one API, fractions allowed; 10 if not positive
	Timeout      time.Duration // of one request with its answer; 30 s if not positive
}

// endpoint is one API of the app.
type endpoint struct {
	api     string
	circuit circuit
	quota   quota
	pace    *pacer       // nil for client_token, which is called once in two hours
	calls   atomic.Int64 // over HTTP, with retries
	small   bool         // its answers fit in a packet as they are: to pack them is work for nothing

	retryBudget budget
	health      health
	refusals    refusals
}

// Stats counts what a client has done so far.
type Stats struct {
	Bills         int64         // HTTP requests of catering_query, with retries
	Withdrawals   int64         // HTTP requests of withdraw/catering_query, with retries
	Settlements   int64         // HTTP requests of query_settle, with retries
	Stores        int64         // HTTP requests of shop/poi/query, with retries
	Token         int64         // HTTP requests of client_token, with retries
	Retries       int64         // how many of them all were retries
	Throttled     int64         // answers "too many requests"
	ThrottledTime time.Duration // pauses before retries, and waits at a lowered rate, added up over concurrent calls
	Rate          float64       // present limit of catering_query, in requests per second
	SettleRate    float64       // present limit of query_settle
	Cap           float64       // limit of either API without throttling
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	return Stats{
		Bills: c.bills.calls.Load(), Withdrawals: c.withdrawals.calls.Load(), Settlements: c.settlements.calls.Load(), Stores: c.stores.calls.Load(), Token: c.tokenCalls.calls.Load(),
		Retries: c.retries.Load(), Throttled: c.throttled.Load(),
		ThrottledTime: time.Duration(c.backedOff.Load()) + c.bills.pace.slowedTime() + c.withdrawals.pace.slowedTime() + c.settlements.pace.slowedTime() + c.stores.pace.slowedTime(),
		Rate:          c.bills.pace.limit(time.Now()), SettleRate: c.settlements.pace.limit(time.Now()), Cap: c.bills.pace.most(),
	}
}

// sanitize removes secrets from an error's texts, since some gateways repeat requests,
// and shortens them afterwards.
func (c *Client) sanitize(fault *Error) *Error {
	show := func(text string) string { return oneLine(c.hidden.Text(c.secrets.Text(text))) }
	fault.Reason, fault.LogID = show(fault.Reason), show(fault.LogID)
	return fault
}

const redactedToken = "[redacted access_token]" // differs from the secret's, so that redacted keys of an object stay distinct

var grantedToken = regexp.MustCompile(`"access_token"\s*:\s*"([^"\\]+)"`)

// redact removes the secrets from an answer before it is used: it is hashed, archived
// and published without them. The answer of client_token is not stored; its token is a
// secret from then on.
func (c *Client) redact(api string, body []byte) []byte {
	if api != apiToken {
		return c.secrets.Bytes(body)
	}
	for _, found := range grantedToken.FindAllSubmatch(body, -1) {
		c.secrets.Hide(schema.NewSecret(string(found[1])), redactedToken)
	}
	return body
}
