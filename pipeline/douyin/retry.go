package douyin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"billwalk/pipeline/yield"
)

const (
	backoffBase   = 200 * time.Millisecond
	backoffCap    = 30 * time.Second
	longestRefuge = 60 * time.Second // the longest Retry-After that is waited for

	// maxLead is by how many attempts a call's pause may be ahead of the API's own
	// failures in a row. Where other calls are answered meanwhile, there is nothing
	// that a long pause would relieve.
	maxLead = 4
)

// retry makes one call of an API: attempt after attempt until one is taken, the
// call has failed too often, or ctx is cancelled. It is the only place that repeats.
// What is not answered while the circuit is open counts for neither the call nor the
// budget: the circuit is brake enough. The error is an *Error, or wraps ctx's.
func (c *Client) retry(ctx context.Context, e *endpoint, attempt func(context.Context) (reply, error)) (reply, error) {
	var met meetings
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return reply{}, err
		}
		if err := e.refusals.ended(); err != nil {
			return reply{}, err
		}
		answer, err := c.try(ctx, e, n == 1, attempt)
		fault, ok := errors.AsType[*Error](err)
		if !ok || fault.API != e.api { // done, cancelled, or the token could not be had
			return answer, err
		}
		if fault.unanswered && e.circuit.open() {
			c.retries.Add(1)
			continue // the circuit holds it back
		}
		if met.tooOften(fault, e.health.patience()) {
			return reply{}, fault
		}
		c.retries.Add(1)
		yield.Place(ctx)
		if err := c.await(ctx, e, n, fault); err != nil {
			return reply{}, err
		}
	}
}

// try makes an attempt, and notes how the API fares.
func (c *Client) try(ctx context.Context, e *endpoint, first bool, attempt func(context.Context) (reply, error)) (reply, error) {
	if first {
		e.repeats.begin()
	}
	answer, err := attempt(ctx)
	if first {
		e.repeats.end()
	}
	fault, ok := errors.AsType[*Error](err)
	switch {
	case err != nil && !ok, ok && fault.API != e.api: // cancelled, or the token could not be had
	case ok && fault.remedy == giveUpToday && !fault.coded(): // the circuit refused the call: no request was made
	case ok && fault.passing():
		e.health.note(first, true)
	case ok && fault.refusesApp():
		return answer, e.refusals.refuse(fault, e.repeats.underWay())
	default:
		e.health.note(first, false)
		e.repeats.earn()
		e.refusals.answer()
	}
	return answer, err
}

// meetings counts the failed attempts of one call.
type meetings struct {
	failed int // whatever the remedy, but for a fresh token
	by     [remedies]int
}

// tooOften counts a fault, and says whether it ends the call.
func (m *meetings) tooOften(fault *Error, patience int) bool {
	m.by[fault.remedy]++
	if fault.remedy != renewToken {
		m.failed++
	}
	return m.by[fault.remedy] >= attempts[fault.remedy]*patience || m.failed >= attempts[repeat]*patience
}

// await waits until a call that failed n times may be repeated: its pause is over,
// and the budget has a repeat for it. A fresh token needs none, and where the
// platform throttles, the pace is brake enough.
func (c *Client) await(ctx context.Context, e *endpoint, n int, fault *Error) error {
	pause := c.backoff(min(n, e.health.failedInRow()+maxLead), fault)
	c.log.LogAttrs(ctx, slog.LevelDebug, "repeating a call", slog.String("api", e.api), slog.Int64("code", fault.Code),
		slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID), slog.Duration("pause", pause))
	began := time.Now()
	defer func() { c.backedOff.Add(int64(time.Since(began))) }()
	if err := sleep(ctx, pause); err != nil || fault.remedy == renewToken || fault.remedy == slowDown && e.pace != nil {
		return err
	}
	return e.repeats.take(ctx)
}

// backoff returns how long to wait after the nth attempt: exponential with full
// jitter, no less than the platform's Retry-After, nothing before a fresh token.
func (c *Client) backoff(n int, fault *Error) time.Duration {
	if fault.remedy == renewToken {
		return 0
	}
	longest := backoffCap
	if shift := n - 1; shift < 16 {
		longest = min(backoffCap, backoffBase<<shift)
	}
	return max(c.jitter(longest+1), fault.retryAfter)
}

// retryAfter reads a Retry-After header, in seconds or as an HTTP date, and
// bounds it: a run does not stand still for an hour because a header says so.
func retryAfter(header string, now time.Time) time.Duration {
	seconds, err := strconv.ParseInt(header, 10, 64)
	if err == nil {
		return time.Duration(min(max(seconds, 0), int64(longestRefuge/time.Second))) * time.Second
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), longestRefuge)
}
