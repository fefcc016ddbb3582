package douyin

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"billwalk/schema"
)

// App is one Douyin application: its credentials and its quota.
type App struct {
	Name         string // as jobs.yaml calls it
	BaseURL      string // with or without a trailing slash or a path; https://open.douyin.com
	ClientKey    string
	ClientSecret schema.Secret
	QPS          float64       // requests per second of one API, fractions allowed; 10 if not positive
	Timeout      time.Duration // of one request with its answer; 30 s if not positive
}

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

	bills, settlements, grants endpoint

	secrets schema.Redactor  // client_secret and the tokens: in no answer, and in no message
	hidden  *schema.Redactor // in no message; nil for nothing more

	clock              clock
	retries, throttled atomic.Int64
	backedOff          atomic.Int64 // nanoseconds
}

// endpoint is one API of the app.
type endpoint struct {
	api     string
	check   func(body []byte) error // of what carries no error code; nil for client_token
	circuit circuit
	pace    *pacer       // nil for client_token, which is called once in two hours
	calls   atomic.Int64 // over HTTP, repeats included

	repeats  budget
	health   health
	refusals refusals
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
		app: app, http: &http.Client{Transport: newConnections(), CheckRedirect: stay}, log: slog.Default(), now: time.Now, jitter: rand.N[time.Duration], patience: patience, firstPatience: firstPatience,
		bills:       endpoint{api: apiBills, check: checkPage, circuit: circuit{opens: silenceOpens}, pace: newPacer(app.QPS)},
		settlements: endpoint{api: apiSettlements, check: checkSettlements, circuit: circuit{opens: silenceOpens}, pace: newPacer(app.QPS)},
		grants:      endpoint{api: apiToken, circuit: circuit{opens: tokenSilenceOpens}},
	}
	for _, e := range []*endpoint{&c.bills, &c.settlements, &c.grants} {
		e.repeats.left = budgetStart
	}
	for _, set := range options {
		set(c)
	}
	c.secrets.Hide(app.ClientSecret, "[redacted client_secret]")
	c.token = newTokens(c.tokenSource())
	return c
}

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// reply is an answer that was taken.
type reply struct {
	body  []byte
	whole []byte // as received but for secrets
	logID string
	at    time.Time
}

// ask makes one call of an API, repeats included, and dates it. With an *Error
// comes the answer that it speaks of, as evidence.
func (c *Client) ask(ctx context.Context, e *endpoint, request func() (*http.Request, error)) (reply, error) {
	got, err := c.retry(ctx, e, func(ctx context.Context) (reply, error) { return c.attempt(ctx, e, request) })
	fault, ok := errors.AsType[*Error](err)
	if ok {
		got = reply{body: fault.body, logID: fault.LogID}
	}
	if ok || err == nil {
		got.at = c.now().UTC().Truncate(time.Microsecond)
	}
	return got, err
}

// attempt makes one attempt at a call that takes the app's token.
func (c *Client) attempt(ctx context.Context, e *endpoint, request func() (*http.Request, error)) (reply, error) {
	if _, err := c.token.get(ctx); err != nil {
		return reply{}, err
	}
	req, err := request()
	if err != nil {
		return reply{}, newError(e.api, giveUpApp, err.Error())
	}
	sent, err := c.admit(ctx, e)
	if err != nil {
		return reply{}, err
	}
	if err := e.refusals.ended(); err != nil {
		return reply{}, err // while it waited for its turn
	}
	token := c.token.newest()
	c.secrets.Hide(token, redactedToken)
	req.Header.Set("access-token", token.Reveal())
	got, err := c.send(ctx, e, req)
	if err == nil {
		c.token.accept(token)
		e.pace.answered(sent)
		if bad := e.check(got.body); bad != nil {
			fault := newError(e.api, repeatOnce, bad.Error()).because(bad)
			fault.LogID, fault.body, fault.unreadable, fault.whole = got.logID, evidence(got.body), true, got.whole
			return reply{}, c.clean(fault)
		}
		got.body = oneLineJSON(got.body)
		return got, nil
	}
	fault, ok := errors.AsType[*Error](err)
	switch {
	case ok && fault.remedy == slowDown:
		e.pace.throttled(sent, fault.retryAfter)
		c.warn(ctx, "the platform throttles", fault)
	case ok && fault.remedy == renewToken:
		c.warn(ctx, "the platform refuses the token", fault)
		return reply{}, c.token.refuse(token, fault)
	}
	return reply{}, err
}

// send makes one request of an API, and judges the answer. "The order is not found"
// is an answer, and no error.
func (c *Client) send(ctx context.Context, e *endpoint, req *http.Request) (reply, error) {
	e.calls.Add(1)
	got, err := c.exchange(ctx, e.api, req)
	if errors.Is(err, errStale) {
		got, err = c.sendAnew(ctx, e, req)
	}
	logID, fault := "", (*Error)(nil)
	if err == nil {
		logID, fault = judge(e.api, got.status, got.body)
		if fault != nil && e.check == nil {
			fault.body = nil // client_token's may have a token, which is not to be kept
		} else if fault != nil && fault.unreadable {
			fault.whole = got.whole
		}
	} else if lost, ok := errors.AsType[*Error](err); ok {
		fault = lost
	} else {
		return reply{}, err // the caller has gone
	}
	if fault != nil {
		fault = c.clean(fault)
	}
	c.heard(ctx, e, fault)
	if fault == nil || fault.remedy == notFound {
		return reply{got.body, got.whole, logID, got.at}, nil
	}
	fault.retryAfter = got.retryAfter
	if fault.remedy == slowDown {
		c.throttled.Add(1)
	}
	return reply{}, fault
}

// sendAnew makes a request once more on a new connection: the one that it went out
// on had come to its end before the platform answered a byte. That is no fault of
// the call, and costs no attempt, no repeat of the budget and no turn.
func (c *Client) sendAnew(ctx context.Context, e *endpoint, req *http.Request) (received, error) {
	again := req.Clone(onNewConnection(ctx))
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return received{}, newError(e.api, giveUpUnit, err.Error())
		}
		again.Body = body
	}
	c.retries.Add(1)
	e.calls.Add(1)
	got, err := c.exchange(again.Context(), e.api, again)
	if errors.Is(err, errStale) { // the transport is not ours, and has kept this one open, too
		err = c.lost(ctx, e.api, "no answer", err)
	}
	return got, err
}

// clean makes an error fit to be shown: it takes out secrets, since some gateways
// repeat what they were sent, and only then shortens.
func (c *Client) clean(fault *Error) *Error {
	show := func(text string) string { return oneLine(c.hidden.Text(c.secrets.Text(text))) }
	fault.Reason, fault.LogID = show(fault.Reason), show(fault.LogID)
	return fault
}

const redactedToken = "[redacted access_token]" // other than the secret's, so that names of one object stay apart

var granted = regexp.MustCompile(`"access_token"\s*:\s*"([^"\\]+)"`)

// redact takes the secrets out of an answer before anything is made of it: what is
// hashed, archived and published has none. The answer of client_token is kept nowhere;
// what it grants is a secret from then on.
func (c *Client) redact(api string, body []byte) []byte {
	if api != apiToken {
		return c.secrets.Bytes(body)
	}
	for _, found := range granted.FindAllSubmatch(body, -1) {
		c.secrets.Hide(schema.NewSecret(string(found[1])), redactedToken)
	}
	return body
}

func (c *Client) warn(ctx context.Context, what string, fault *Error) {
	c.log.LogAttrs(ctx, slog.LevelWarn, what, slog.String("app", c.app.Name), slog.String("api", fault.API),
		slog.Int64("code", fault.Code), slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID))
}
