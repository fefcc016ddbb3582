package douyin

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/yield"
)

const (
	backoffBase = 200 * time.Millisecond
	backoffCap  = 30 * time.Second

	// A throttled call is back sooner: the pacer delays it already, and once the platform
	// takes the full rate again there must be calls to use it.
	throttledBackoffCap = 5 * time.Second

	// maxBackoffLead limits the pause of a call to that of so many attempts more than the
	// API's failures in a row. If other calls are answered, a longer pause is useless.
	maxBackoffLead = 4
)

// retry makes one call of an API: it repeats attempts until one succeeds, the call has
// failed too often, or ctx is cancelled. Nothing else retries. Attempts without an answer
// while the circuit is open do not count, as the circuit delays them already; nor do those
// that a used-up quota refuses, for as long as the client waits for it. The error
// is an *Error, or wraps ctx's.
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
		if !ok || fault.API != e.api { // succeeded, cancelled, or no token
			return answer, err
		}
		if fault.unanswered && e.circuit.open() {
			c.retries.Add(1)
			continue // the circuit delays it
		}
		if fault.quotaUsedUp() && e.quota.waits(c.quotaPatience) {
			c.retries.Add(1)
			continue // the quota delays it
		}
		if met.exhausted(fault, e.health.patience()) || c.mostAttempts > 0 && met.failed-met.byRemedy[slowDown] >= c.mostAttempts {
			return reply{}, fault
		}
		c.retries.Add(1)
		yield.Slot(ctx)
		if err := c.awaitRetry(ctx, e, n, fault); err != nil {
			return reply{}, err
		}
	}
}

// tryOnce makes an attempt, and records its result for the API.
func (c *Client) tryOnce(ctx context.Context, e *endpoint, first bool, attempt func(context.Context) (reply, error)) (reply, error) {
	if first {
		e.retryBudget.beginFirstAttempt()
	}
	answer, err := attempt(ctx)
	if first {
		e.retryBudget.endFirstAttempt()
	}
	fault, ok := errors.AsType[*Error](err)
	switch {
	case err != nil && !ok, ok && fault.API != e.api: // cancelled, or no token
	case ok && fault.remedy == giveUpToday && !fault.hasCode(): // refused by the circuit: no request was made
	case ok && fault.transient():
		e.health.record(first, true)
	case ok && fault.refusesApp():
		return answer, e.refusals.recordRefusal(fault, e.retryBudget.firstAttemptsUnderWay())
	default:
		e.health.record(first, false)
		e.retryBudget.earn()
		e.refusals.recordAnswer()
	}
	return answer, err
}

// attemptCounts counts the failed attempts of one call.
type attemptCounts struct {
	failed   int // with any remedy but renewToken
	byRemedy [remedies]int
}

// exhausted counts a fault, and reports whether it ends the call.
func (a *attemptCounts) exhausted(fault *Error, patience int) bool {
	a.byRemedy[fault.remedy]++
	if fault.remedy != renewToken {
		a.failed++
	}
	return a.byRemedy[fault.remedy] >= attempts[fault.remedy]*patience || a.failed >= attempts[repeat]*patience
}

// awaitRetry waits until a call that failed n times may be retried: its pause is over,
// and the budget has a retry for it. A new token and throttling need none: the pacer
// delays throttled calls already.
func (c *Client) awaitRetry(ctx context.Context, e *endpoint, n int, fault *Error) error {
	pause := c.backoff(min(n, e.health.failedInRow()+maxBackoffLead), fault)
	c.log.LogAttrs(ctx, slog.LevelDebug, "repeating a call", slog.String("api", e.api), slog.Int64("code", fault.Code),
		slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID), slog.Duration("pause", pause))
	began := time.Now()
	defer func() { c.backedOff.Add(int64(time.Since(began))) }()
	if err := stop.Sleep(ctx, pause); err != nil || fault.remedy == renewToken || fault.remedy == slowDown && e.pace != nil {
		return err
	}
	return e.retryBudget.take(ctx)
}

// backoff returns the pause after the nth attempt: exponential with full jitter, at least
// the platform's Retry-After, and none before a new token.
func (c *Client) backoff(n int, fault *Error) time.Duration {
	if fault.remedy == renewToken {
		return 0
	}
	limit := backoffCap
	if fault.remedy == slowDown {
		limit = throttledBackoffCap
	}
	if shift := n - 1; shift < 16 {
		limit = min(limit, backoffBase<<shift)
	}
	return max(c.jitter(limit+1), fault.retryAfter)
}
