package douyin

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"billwalk/pipeline/yield"
)

const (
	backoffBase = 200 * time.Millisecond
	backoffCap  = 30 * time.Second

	// maxBackoffLead is by how many attempts a call's pause may be ahead of the API's own
	// failures in a row. Where other calls are answered meanwhile, there is nothing
	// that a long pause would relieve.
	maxBackoffLead = 4
)

// retry makes one call of an API: attempt after attempt until one is taken, the
// call has failed too often, or ctx is cancelled. It is the only place that repeats.
// What is not answered while the circuit is open counts for neither the call nor the
// budget: the circuit is brake enough. The error is an *Error, or wraps ctx's.
func (c *Client) retry(ctx context.Context, e *endpoint, attempt func(context.Context) (reply, error)) (reply, error) {
	var met attemptCounts
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return reply{}, err
		}
		if err := e.refusals.err(); err != nil {
			return reply{}, err
		}
		answer, err := c.tryOnce(ctx, e, n == 1, attempt)
		fault, ok := errors.AsType[*Error](err)
		if !ok || fault.API != e.api { // done, cancelled, or the token could not be had
			return answer, err
		}
		if fault.unanswered && e.circuit.open() {
			c.retries.Add(1)
			continue // the circuit holds it back
		}
		if met.exhausted(fault, e.health.patience()) {
			return reply{}, fault
		}
		c.retries.Add(1)
		yield.Place(ctx)
		if err := c.awaitRepeat(ctx, e, n, fault); err != nil {
			return reply{}, err
		}
	}
}

// tryOnce makes an attempt, and notes how the API fares.
func (c *Client) tryOnce(ctx context.Context, e *endpoint, first bool, attempt func(context.Context) (reply, error)) (reply, error) {
	if first {
		e.repeats.beginFirstAttempt()
	}
	answer, err := attempt(ctx)
	if first {
		e.repeats.endFirstAttempt()
	}
	fault, ok := errors.AsType[*Error](err)
	switch {
	case err != nil && !ok, ok && fault.API != e.api: // cancelled, or the token could not be had
	case ok && fault.remedy == giveUpToday && !fault.hasCode(): // the circuit refused the call: no request was made
	case ok && fault.transient():
		e.health.record(first, true)
	case ok && fault.refusesApp():
		return answer, e.refusals.recordRefusal(fault, e.repeats.firstAttemptsUnderWay())
	default:
		e.health.record(first, false)
		e.repeats.earn()
		e.refusals.recordAnswer()
	}
	return answer, err
}

// attemptCounts counts the failed attempts of one call.
type attemptCounts struct {
	failed   int // whatever the remedy, but for a fresh token
	byRemedy [remedies]int
}

// exhausted counts a fault, and says whether it ends the call.
func (m *attemptCounts) exhausted(fault *Error, patience int) bool {
	m.byRemedy[fault.remedy]++
	if fault.remedy != renewToken {
		m.failed++
	}
	return m.byRemedy[fault.remedy] >= attempts[fault.remedy]*patience || m.failed >= attempts[repeat]*patience
}

// awaitRepeat waits until a call that failed n times may be repeated: its pause is over,
// and the budget has a repeat for it. A fresh token needs none, and where the
// platform throttles, the pace is brake enough.
func (c *Client) awaitRepeat(ctx context.Context, e *endpoint, n int, fault *Error) error {
	pause := c.backoff(min(n, e.health.failedInRow()+maxBackoffLead), fault)
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
