package douyin

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"billwalk/schema"
)

// New returns a client of the app. It makes no call and starts no goroutine.
func New(app App, options ...Option) *Client {
	if app.QPS <= 0 {
		app.QPS = 10
	}
	if app.Timeout <= 0 {
		app.Timeout = 30 * time.Second
	}
	app.BaseURL = strings.TrimRight(app.BaseURL, "/")
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := &Client{
		app: app, http: &http.Client{Transport: newConnections(), CheckRedirect: stay}, log: slog.Default(), now: time.Now, jitter: rand.N[time.Duration], patience: defaultPatience, firstPatience: defaultFirstPatience,
		bills:       endpoint{api: apiBills, circuit: circuit{maxSilent: maxSilent}, pace: newPacer(app.QPS)},
		settlements: endpoint{api: apiSettlements, circuit: circuit{maxSilent: maxSilent}, pace: newPacer(app.QPS)},
		tokenCalls:  endpoint{api: apiToken, circuit: circuit{maxSilent: maxTokenSilent}},
	}
	for _, e := range []*endpoint{&c.bills, &c.settlements, &c.tokenCalls} {
		e.repeats.available = budgetStart
	}
	for _, set := range options {
		set(c)
	}
	c.secrets.Hide(app.ClientSecret, "[redacted client_secret]")
	c.token = newTokens(c.tokenSource())
	return c
}

// Option changes how New builds a Client.
type Option func(*Client)

// WithTransport sends requests through t instead of the network.
func WithTransport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

// WithTransportWrap sends requests through what wrap makes of the transport, so
// that a test can lose or delay them. A nil wrap changes nothing.
func WithTransportWrap(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *Client) {
		if wrap != nil {
			c.http.Transport = wrap(c.http.Transport)
		}
	}
}

// WithLogger logs to l instead of slog's default: repeats at debug, throttling
// and refused tokens at warn, with code and logid, never a body or a token.
func WithLogger(l *slog.Logger) Option { return func(c *Client) { c.log = l } }

// WithClock dates answers by now instead of time.Now.
func WithClock(now func() time.Time) Option { return func(c *Client) { c.now = now } }

// WithJitter draws pauses from draw, which returns a duration in [0, limit),
// instead of the process's random source: with a seeded one, a run can be
// replayed. It is called from many goroutines at once.
func WithJitter(draw func(limit time.Duration) time.Duration) Option {
	return func(c *Client) { c.jitter = draw }
}

// WithPatience waits so long at most for the end of an outage, in which nothing
// is answered, instead of two minutes, or a quarter of one where the API has never
// answered. 0 does not wait for it.
func WithPatience(d time.Duration) Option {
	return func(c *Client) { c.patience, c.firstPatience = d, d }
}

// WithTokenCache shares the app's token with other processes through the cache.
// One that cannot be read or written costs a warning and a token more, never a
// call.
func WithTokenCache(cache TokenCache) Option { return func(c *Client) { c.cache = cache } }

// WithHidden keeps out of messages what the redactor hides: an address may come from
// the environment, and errors of the network repeat it.
func WithHidden(r *schema.Redactor) Option { return func(c *Client) { c.hidden = r } }
