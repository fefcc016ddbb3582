package douyin

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"billwalk/schema"
)

// New returns a client of the app. It makes no request and starts no goroutine.
func New(app App, options ...Option) *Client {
	if app.QPS <= 0 {
		app.QPS = 10
	}
	if app.Timeout <= 0 {
		app.Timeout = 30 * time.Second
	}
	app.BaseURL = strings.TrimRight(app.BaseURL, "/")
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		app: app, http: &http.Client{Transport: newConnections(), CheckRedirect: noRedirect}, log: slog.Default(), now: time.Now, jitter: rand.N[time.Duration], observe: func(context.Context, Request) {}, patience: defaultPatience, firstPatience: defaultFirstPatience,
		bills:       endpoint{api: apiBills, circuit: circuit{maxSilent: maxSilent}, pace: newPacer(app.QPS)},
		withdrawals: endpoint{api: apiWithdrawals, circuit: circuit{maxSilent: maxSilent}, pace: newPacer(app.QPS)},
		settlements: endpoint{api: apiSettlements, circuit: circuit{maxSilent: maxSilent}, pace: newPacer(app.QPS), small: true},
		stores:      endpoint{api: apiStores, circuit: circuit{maxSilent: maxSilent}, pace: newPacer(app.QPS)},
		tokenCalls:  endpoint{api: apiToken, circuit: circuit{maxSilent: maxTokenSilent}},
	}
	for _, e := range []*endpoint{&c.bills, &c.withdrawals, &c.settlements, &c.stores, &c.tokenCalls} {
		e.retryBudget.available = budgetStart
	}
	for _, set := range options {
		set(c)
	}
	if c.share != nil {
		for _, e := range []*endpoint{&c.bills, &c.withdrawals, &c.settlements, &c.stores} {
			e.pace = newSharedPacer(app.QPS, c.share)
		}
	}
	c.secrets.Hide(app.ClientSecret, "[redacted client_secret]")
	c.token = newTokens(c.tokenSource())
	return c
}

// Option changes how New builds a Client.
type Option func(*Client)

// WithTransport sends requests through t instead of the network.
func WithTransport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

// WithTransportWrap sends requests through wrap's result, so that a test can drop or
// delay them. A nil wrap changes nothing.
func WithTransportWrap(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *Client) {
		if wrap != nil {
			c.http.Transport = wrap(c.http.Transport)
		}
	}
}

// WithLogger logs to l instead of slog's default: retries at debug, throttling
// and refused tokens at warn, with code and logid, never a body or a token.
func WithLogger(l *slog.Logger) Option { return func(c *Client) { c.log = l } }

// WithClock dates answers with now instead of time.Now.
func WithClock(now func() time.Time) Option { return func(c *Client) { c.now = now } }

// WithJitter draws pauses from draw, which returns a duration in [0, limit), instead of
// a random source. It is called concurrently.
func WithJitter(draw func(limit time.Duration) time.Duration) Option {
	return func(c *Client) { c.jitter = draw }
}

// WithQuotaPatience has calls wait up to d for a quota that is used up, and try it now and
// then, instead of failing at once.
func WithQuotaPatience(d time.Duration) Option {
	return func(c *Client) { c.quotaPatience = d }
}

// WithPatience limits the wait for the end of an outage to d, instead of two minutes, or
// 15 seconds if the API has never answered.
func WithPatience(d time.Duration) Option {
	return func(c *Client) { c.patience, c.firstPatience = d, d }
}

// WithAttempts ends a call after n failed attempts, where its error would allow more: for
// people who wait for the answer. Throttled attempts do not count.
func WithAttempts(n int) Option { return func(c *Client) { c.mostAttempts = n } }

// WithObserver tells observe of each HTTP request that has ended, with the context of its call. It is called
// concurrently.
func WithObserver(observe func(context.Context, Request)) Option {
	return func(c *Client) { c.observe = observe }
}

// WithTokenCache shares the app's token with other processes through the cache. If the
// cache cannot be read or written, the client logs a warning and fetches a token of its
// own.
func WithTokenCache(cache TokenCache) Option { return func(c *Client) { c.cache = cache } }

// ShareSettlements has the client keep to another share of the settle query's rate, before its
// first one.
func (c *Client) ShareSettlements(share *Share) { c.settlements.pace.change(c.app.QPS, share) }

// WithShare has the client keep to this process's share of the app's rate. Nil changes nothing.
func WithShare(share *Share) Option { return func(c *Client) { c.share = share } }

// WithHidden also hides in messages what the redactor hides, such as an address from the
// environment that errors of the network repeat.
func WithHidden(r *schema.Redactor) Option { return func(c *Client) { c.hidden = r } }
