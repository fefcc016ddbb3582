package douyin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

const pathBills = "/goodlife/v1/settle/bill/catering_query/"

// App is one Douyin application: its credentials and its quota.
type App struct {
	Name         string // as jobs.yaml calls it
	BaseURL      string // with or without a trailing slash or a path; https://open.douyin.com
	ClientKey    string
	ClientSecret schema.Secret
	QPS          float64       // requests per second of one API, fractions allowed; 10 if not positive
	Timeout      time.Duration // of one request with its answer; 30 s if not positive
}

// Client fetches pages of bills for one App. Any number of goroutines may use it
// at once; they share its token, its pace and its retry budget.
type Client struct {
	app     App
	http    *http.Client
	log     *slog.Logger
	pace    *pacer
	token   *tokens
	repeats budget

	bills, tokenCalls, retries, throttled atomic.Int64
	backedOff                             atomic.Int64 // nanoseconds
}

// Option changes how New builds a Client.
type Option func(*Client)

// WithTransport sends requests through t instead of the network.
func WithTransport(t http.RoundTripper) Option { return func(c *Client) { c.http.Transport = t } }

// WithLogger logs to l instead of slog's default: repeats at debug, throttling
// and refused tokens at warn, with code and logid, never a body or a token.
func WithLogger(l *slog.Logger) Option { return func(c *Client) { c.log = l } }

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
	c := &Client{app: app, http: &http.Client{CheckRedirect: stay}, log: slog.Default(), pace: newPacer(app.QPS)}
	c.token = newTokens(c.fetchToken)
	for _, set := range options {
		set(c)
	}
	if c.http.Transport == nil {
		c.http.Transport = newTransport()
	}
	return c
}

// CloseIdleConnections closes the connections that no request is using.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// reply is an answer that was taken.
type reply struct {
	body  []byte
	logID string
	at    time.Time
}

// Bills fetches the page of the unit's bills at a cursor ("0" for the first),
// of 1 to 50 records. The answer is a whole page that normalise.DecodePage
// accepts; Walk and Page are the caller's to fill.
//
// The error is an *Error, or wraps ctx's. Where an *Error comes with an answer
// in JSON, that is in Answer.Body, as evidence.
//
// Source: GET /goodlife/v1/settle/bill/catering_query/.
func (c *Client) Bills(ctx context.Context, u schema.Unit, cursor string, size int) (schema.Answer, error) {
	answer := schema.Answer{Account: u.Account.ID, Day: u.Day, Cursor: cursor}
	got, err := c.retry(ctx, apiBills, func(ctx context.Context) (reply, error) { return c.page(ctx, u, cursor, size) })
	if fault, ok := errors.AsType[*Error](err); ok {
		got = reply{body: fault.body, logID: fault.LogID, at: time.Now()}
		err = fault.of(u)
	} else if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", apiBills, u, err)
	}
	answer.FetchedAt = got.at.UTC().Truncate(time.Microsecond)
	answer.LogID, answer.Body = got.logID, got.body
	return answer, err
}

// page makes one attempt at a page.
func (c *Client) page(ctx context.Context, u schema.Unit, cursor string, size int) (reply, error) {
	if _, err := c.token.get(ctx); err != nil {
		return reply{}, err
	}
	req, err := c.billsRequest(u, cursor, size)
	if err != nil {
		return reply{}, newError(apiBills, giveUpApp, err.Error())
	}
	sent, err := c.pace.wait(ctx)
	if err != nil {
		return reply{}, err
	}
	token := c.token.newest()
	req.Header.Set("access-token", token.Reveal())
	c.bills.Add(1)
	got, err := c.send(ctx, apiBills, req, token)
	if err == nil {
		c.token.accept(token)
		if _, bad := normalise.DecodePage(got.body); bad != nil {
			fault := newError(apiBills, repeatOnce, bad.Error()).because(bad)
			fault.LogID, fault.body = got.logID, evidence(got.body)
			return reply{}, c.clean(fault, token)
		}
		got.body = oneLineJSON(got.body)
		return got, nil
	}
	fault, ok := errors.AsType[*Error](err)
	switch {
	case ok && fault.remedy == slowDown:
		c.pace.throttled(sent, fault.retryAfter)
		c.warn(ctx, "the platform throttles", fault)
	case ok && fault.remedy == renewToken:
		c.warn(ctx, "the platform refuses the token", fault)
		return reply{}, c.token.refuse(token, fault)
	}
	return reply{}, err
}

func (c *Client) billsRequest(u schema.Unit, cursor string, size int) (*http.Request, error) {
	account := "account_id"
	if u.Account.Root {
		account = "root_account_id"
	}
	query := url.Values{
		account: {string(u.Account.ID)}, "cursor": {cursor}, "size": {strconv.Itoa(size)}, "bill_date": {u.Day.String()},
	}
	return http.NewRequest(http.MethodGet, c.app.BaseURL+pathBills+"?"+query.Encode(), noBody{})
}

// send makes one request of an API and judges the answer.
func (c *Client) send(ctx context.Context, api string, req *http.Request, token schema.Secret) (reply, error) {
	got, err := c.exchange(ctx, api, req)
	if fault, ok := errors.AsType[*Error](err); ok {
		return reply{}, c.clean(fault, token)
	} else if err != nil {
		return reply{}, err
	}
	logID, fault := judge(api, got.status, got.body)
	if fault == nil {
		return reply{got.body, logID, got.at}, nil
	}
	fault.retryAfter = got.retryAfter
	if fault.remedy == slowDown {
		c.throttled.Add(1)
	}
	return reply{}, c.clean(fault, token)
}

// clean makes an error fit to be shown: it takes out the app's secret and the
// token, since some gateways repeat what they were sent, and only then shortens.
func (c *Client) clean(fault *Error, token schema.Secret) *Error {
	for _, secret := range []schema.Secret{c.app.ClientSecret, token} {
		if len(secret.Reveal()) >= 8 { // anything shorter is no secret, and part of ordinary words
			fault.Reason = strings.ReplaceAll(fault.Reason, secret.Reveal(), secret.String())
			fault.LogID = strings.ReplaceAll(fault.LogID, secret.Reveal(), secret.String())
		}
	}
	fault.Reason, fault.LogID = oneLine(fault.Reason), oneLine(fault.LogID)
	return fault
}

func (c *Client) warn(ctx context.Context, what string, fault *Error) {
	c.log.LogAttrs(ctx, slog.LevelWarn, what, slog.String("app", c.app.Name), slog.Int64("code", fault.Code),
		slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID))
}
