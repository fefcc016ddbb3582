package douyin

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"billwalk/schema"
)

// decoder decodes the body of an answer, and keeps the result. success means that the
// body proves that the call succeeded; an answer without it may still be accepted, such as
// "the order is not found".
type decoder func(body []byte) (logID string, success bool, err error)

// call makes one call of an API with its retries, and dates it. With an *Error it
// returns the answer that has the error, as evidence.
func (c *Client) call(ctx context.Context, e *endpoint, request func() (*http.Request, error), decode decoder) (reply, error) {
	got, err := c.retry(ctx, e, func(ctx context.Context) (reply, error) { return c.attempt(ctx, e, request, decode) })
	fault, ok := errors.AsType[*Error](err)
	if ok {
		got = reply{body: fault.body, logID: fault.LogID}
	}
	if ok || err == nil {
		got.at = c.now().UTC().Truncate(time.Microsecond)
	}
	return got, err
}

// attempt makes one attempt of a call with the app's token.
func (c *Client) attempt(ctx context.Context, e *endpoint, request func() (*http.Request, error), decode decoder) (reply, error) {
	if _, err := c.token.get(ctx); err != nil {
		return reply{}, err
	}
	req, err := request()
	if err != nil {
		return reply{}, newError(e.api, giveUpApp, err.Error())
	}
	f, err := c.admit(ctx, e)
	if err != nil {
		return reply{}, err
	}
	if err := e.refusals.err(); err != nil {
		e.pace.unsent(f)
		return reply{}, err // refused while this call waited
	}
	token := c.token.newest()
	c.secrets.Hide(token, redactedToken)
	req.Header.Set("access-token", token.Reveal())
	got, err := c.send(ctx, e, f, req, decode)
	if err == nil {
		c.token.accept(token)
		e.pace.answered(f)
		if bad := got.undecoded; bad != nil {
			fault := newError(e.api, repeatOnce, bad.Error()).withCause(bad)
			fault.LogID, fault.body, fault.unreadable, fault.raw = got.logID, jsonEvidence(got.body), true, got.raw
			return reply{}, c.sanitize(fault)
		}
		got.body = oneLineJSON(got.body)
		return got, nil
	}
	fault, ok := errors.AsType[*Error](err)
	switch {
	case ok && fault.remedy == slowDown:
		e.pace.throttled(f, fault.retryAfter)
		c.warn(ctx, "the platform throttles", fault)
	case ok && fault.remedy == renewToken:
		c.warn(ctx, "the platform refuses the token", fault)
		return reply{}, c.token.reject(token, fault)
	}
	return reply{}, err
}

// Request is an HTTP request of the platform that has ended, as an observer sees it.
type Request struct {
	API          string
	Result       string // the platform's error code, "0" for none; billwalk's own where it gave none that can be read
	Began, Ended time.Time
}

// result returns what became of a request, in few different words.
func (e *Error) result() string {
	switch {
	case e == nil:
		return "0"
	case e.hasCode():
		return strconv.FormatInt(cmp.Or(e.Code, e.SubCode), 10)
	default:
		return string(e.ErrorCode())
	}
}

// send sends one request of an API in its slot, and judges the answer. "The order is not
// found" is an answer, not an error. decode is nil for client_token.
func (c *Client) send(ctx context.Context, e *endpoint, f *flight, req *http.Request, decode decoder) (reply, error) {
	e.calls.Add(1)
	began := time.Now()
	got, err := c.exchange(ctx, e, f, req)
	e.pace.arrived(f)
	if errors.Is(err, errStale) {
		got, err = c.resend(ctx, e, req)
	}
	var logID string
	var fault *Error
	var undecoded error
	if err == nil {
		success := false
		if decode != nil {
			logID, success, undecoded = decode(got.body)
		}
		if !success || !isSuccess(got.status) {
			logID, fault = judge(e.api, got.status, got.body)
		}
		if fault != nil && decode == nil {
			fault.body = nil // an answer of client_token may contain a token
		} else if fault != nil && fault.unreadable {
			fault.raw = got.raw
		}
	} else if lost, ok := errors.AsType[*Error](err); ok {
		fault = lost
	} else {
		return reply{}, err // ctx has ended
	}
	if fault != nil {
		fault = c.sanitize(fault)
	}
	result := fault.result()
	if fault == nil && undecoded != nil {
		result = string(schema.CodeUnreadable)
	}
	c.observe(ctx, Request{API: e.api, Result: result, Began: began, Ended: time.Now()})
	c.updateCircuit(ctx, e, fault)
	c.updateQuota(ctx, e, fault)
	if fault == nil || fault.remedy == notFound {
		return reply{got.body, got.raw, logID, got.at, undecoded}, nil
	}
	fault.retryAfter = got.retryAfter
	if fault.remedy == slowDown {
		c.throttled.Add(1)
	}
	return reply{}, fault
}

// resend sends a request again on a new connection, as the kept-open connection was
// closed before the platform answered a byte. That counts neither as an attempt nor
// against the budget, but has to wait for a slot, as any request.
func (c *Client) resend(ctx context.Context, e *endpoint, req *http.Request) (received, error) {
	again := req.Clone(onNewConnection(ctx))
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return received{}, newError(e.api, giveUpUnit, err.Error())
		}
		again.Body = body
	}
	var f *flight
	if e.pace != nil {
		var err error
		if f, err = e.pace.wait(ctx); err != nil {
			return received{}, err
		}
	}
	c.retries.Add(1)
	e.calls.Add(1)
	got, err := c.exchange(again.Context(), e, f, again)
	e.pace.arrived(f)
	if errors.Is(err, errStale) { // another transport, which ignores onNewConnection
		err = c.lost(ctx, e.api, "no answer", err)
	}
	return got, err
}

func (c *Client) warn(ctx context.Context, what string, fault *Error) {
	c.log.LogAttrs(ctx, slog.LevelWarn, what, slog.String("app", c.app.Name), slog.String("api", fault.API),
		slog.Int64("code", fault.Code), slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID))
}
