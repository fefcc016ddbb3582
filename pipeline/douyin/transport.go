package douyin

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"billwalk/pipeline/mend"
)

const (
	maxAnswer  = 4 << 20 // bytes of an answer, unpacked
	maxHeaders = 64 << 10
	inFlight   = 256 // connections kept open between requests
)

// connections is the production transport: gzip, TLS 1.2 at least, enough idle
// connections that a busy walk opens none anew, and HTTP/1.1, where a broken
// connection takes one request with it and not all.
type connections struct {
	*http.Transport
	fresh *http.Transport // opens one for each request
}

func newConnections() connections {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*inFlight, inFlight
	t.MaxResponseHeaderBytes = maxHeaders
	fresh := t.Clone()
	fresh.DisableKeepAlives = true
	return connections{t, fresh}
}

// RoundTrip implements http.RoundTripper.
func (c connections) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Value(freshKey{}) != nil {
		return c.fresh.RoundTrip(r)
	}
	return c.Transport.RoundTrip(r)
}

type freshKey struct{}

// onNewConnection returns a context whose requests take a connection of their own.
func onNewConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// errStale is the end of a connection that was kept open between requests, met
// before a byte of the answer: a gateway closes what is idle for long, and a
// request may be on its way just then.
var errStale = errors.New("the connection was at its end")

// watched returns a context that notes what becomes of a request, and a function
// that says whether the error that it ended with is a stale connection's.
func watched(ctx context.Context) (context.Context, func(error) bool) {
	var reused, answered atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn:              func(got httptrace.GotConnInfo) { reused.Store(got.Reused) },
		GotFirstResponseByte: func() { answered.Store(true) },
	}
	return httptrace.WithClientTrace(ctx, trace), func(err error) bool {
		return err != nil && ctx.Err() == nil && reused.Load() && !answered.Load()
	}
}

// received is an answer before it is judged.
type received struct {
	status     int
	body       []byte // without a byte order mark
	whole      []byte // as received but for secrets
	at         time.Time
	retryAfter time.Duration
}

// exchange sends one request and reads the whole answer within the app's
// timeout. The error is an *Error, or wraps ctx's if that was cancelled, or errStale.
func (c *Client) exchange(ctx context.Context, api string, req *http.Request) (received, error) {
	limited, cancel := context.WithTimeout(ctx, c.app.Timeout)
	defer cancel()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "billwalk")
	sent := c.now()
	traced, stale := watched(limited)
	res, err := c.http.Do(req.WithContext(traced))
	if stale(err) {
		return received{}, errStale
	}
	if err != nil {
		return received{}, c.lost(ctx, api, "no answer", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return received{}, redirected(api, res)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return received{}, c.lost(ctx, api, fmt.Sprintf("HTTP %d, and the answer was cut short after %d bytes", res.StatusCode, len(body)), err)
	}
	if len(body) > maxAnswer {
		return received{}, newError(api, giveUpUnit, fmt.Sprintf("the answer is larger than %d bytes", maxAnswer))
	}
	now := time.Now()
	c.clock.note(res.Header, body, sent, c.now())
	body, marked := bytes.CutPrefix(body, mend.BOM)
	body = c.redact(api, body)
	whole := body
	if marked {
		whole = slices.Concat(mend.BOM, body)
	}
	return received{res.StatusCode, body, whole, now, retryAfter(res.Header.Get("Retry-After"), now)}, nil
}

// lost returns the error of an answer that did not arrive, or ctx's if the
// caller gave up.
func (c *Client) lost(ctx context.Context, api, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	reason := what + " within " + c.app.Timeout.String()
	if !errors.Is(err, context.DeadlineExceeded) {
		beneath := err
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			beneath = wrapped.Err // without the address, which the reader knows
		}
		reason = what + ": " + beneath.Error()
	}
	fault := newError(api, repeat, reason).because(err)
	fault.unanswered = true
	return fault
}

// redirected names a redirect that was not followed: the token would go with it.
func redirected(api string, res *http.Response) *Error {
	where := "nowhere"
	if to, err := res.Location(); err == nil {
		where = to.Scheme + "://" + to.Host
	}
	e := newError(api, giveUpUnit, fmt.Sprintf("HTTP %d: a redirect to %s, which is not followed", res.StatusCode, where))
	e.Hint = hintBaseURL
	return e
}

// noBody is the empty body of a GET. net/http repeats a GET without a body by
// itself when a kept-open connection breaks, past the pace and the counts; one
// with a body that cannot be rewound it leaves to retry.
type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
