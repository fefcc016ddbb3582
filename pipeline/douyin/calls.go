package douyin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// decoder decodes the body of an answer, and keeps what it was decoded into. success
// means that the body proves that the call succeeded; an answer without it may still be
// one, such as "the order is not found".
type decoder func(body []byte) (logID string, success bool, err error)

// call makes one call of an API, repeats included, and dates it. With an *Error
// comes the answer that it speaks of, as evidence.
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

// attempt makes one attempt at a call that takes the app's token.
func (c *Client) attempt(ctx context.Context, e *endpoint, request func() (*http.Request, error), decode decoder) (reply, error) {
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
	if err := e.refusals.err(); err != nil {
		return reply{}, err // while it waited for its turn
	}
	token := c.token.newest()
	c.secrets.Hide(token, redactedToken)
	req.Header.Set("access-token", token.Reveal())
	got, err := c.send(ctx, e, req, decode)
	if err == nil {
		c.token.accept(token)
		e.pace.answered(sent)
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
		e.pace.throttled(sent, fault.retryAfter)
		c.warn(ctx, "the platform throttles", fault)
	case ok && fault.remedy == renewToken:
		c.warn(ctx, "the platform refuses the token", fault)
		return reply{}, c.token.reject(token, fault)
	}
	return reply{}, err
}

// send makes one request of an API, and judges the answer. "The order is not found" is
// an answer, and no error. decode is nil for client_token.
func (c *Client) send(ctx context.Context, e *endpoint, req *http.Request, decode decoder) (reply, error) {
	e.calls.Add(1)
	got, err := c.exchange(ctx, e.api, req)
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
			fault.body = nil // client_token's may have a token, which is not to be kept
		} else if fault != nil && fault.unreadable {
			fault.raw = got.raw
		}
	} else if lost, ok := errors.AsType[*Error](err); ok {
		fault = lost
	} else {
		return reply{}, err // the caller has gone
	}
	if fault != nil {
		fault = c.sanitize(fault)
	}
	c.updateCircuit(ctx, e, fault)
	if fault == nil || fault.remedy == notFound {
		return reply{got.body, got.raw, logID, got.at, undecoded}, nil
	}
	fault.retryAfter = got.retryAfter
	if fault.remedy == slowDown {
		c.throttled.Add(1)
	}
	return reply{}, fault
}

// resend makes a request once more on a new connection: the one that it went out
// on had come to its end before the platform answered a byte. That is no fault of
// the call, and costs no attempt, no repeat of the budget and no turn.
func (c *Client) resend(ctx context.Context, e *endpoint, req *http.Request) (received, error) {
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

func (c *Client) warn(ctx context.Context, what string, fault *Error) {
	c.log.LogAttrs(ctx, slog.LevelWarn, what, slog.String("app", c.app.Name), slog.String("api", fault.API),
		slog.Int64("code", fault.Code), slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID))
}
