package douyin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	backoffBase   = 200 * time.Millisecond
	backoffCap    = 30 * time.Second
	longestRefuge = 60 * time.Second // the longest Retry-After that is waited for
)

// budget bounds how much a client adds to its calls: one extra for every ten,
// and a few so that a short run can begin. In an outage, when every call fails,
// the platform then sees 1.1 times the calls and not six times.
type budget struct {
	mu     sync.Mutex
	earned int64 // calls that each earn a tenth of an extra
	spent  int64
}

const budgetStart = 20

// earn counts a call.
func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earned++
}

// take spends one extra, if there is one left.
func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent >= budgetStart+b.earned/10 {
		return false
	}
	b.spent++
	return true
}

// retry makes one call of an API: attempt after attempt until one is taken, its
// remedy is used up, or ctx is cancelled. It is the only place that repeats. What
// is not answered while the circuit is open counts for neither the remedy nor the
// budget: the circuit is brake enough. The error is an *Error, or wraps ctx's.
func (c *Client) retry(ctx context.Context, e *endpoint, attempt func(context.Context) (reply, error)) (reply, error) {
	c.repeats.earn()
	var met [remedies]int // how often this call has met each remedy
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return reply{}, err
		}
		answer, err := attempt(ctx)
		fault, ok := errors.AsType[*Error](err)
		if !ok || fault.API != e.api { // done, cancelled, or the token could not be had
			return answer, err
		}
		if fault.unanswered && e.circuit.open() {
			c.retries.Add(1)
			continue // the circuit holds it back
		}
		met[fault.remedy]++
		if met[fault.remedy] >= attempts[fault.remedy] {
			return reply{}, fault
		}
		if !c.mayRepeat(e, fault.remedy) {
			return reply{}, fault.ending("not repeated: the retry budget (10% of all calls) is used up, so many calls have failed")
		}
		pause := c.backoff(n, fault)
		c.retries.Add(1)
		c.log.LogAttrs(ctx, slog.LevelDebug, "repeating a call", slog.String("api", e.api), slog.Int64("code", fault.Code),
			slog.Int64("sub_code", fault.SubCode), slog.String("logid", fault.LogID), slog.Duration("pause", pause))
		if err := c.backOff(ctx, pause); err != nil {
			return reply{}, err
		}
	}
}

// mayRepeat takes a repeat from the budget, but for those that have a brake of
// their own: a fresh token, and throttling as long as the rate can still fall.
func (c *Client) mayRepeat(e *endpoint, r remedy) bool {
	if r == renewToken || r == slowDown && e.pace != nil && !e.pace.slowestYet() {
		return true
	}
	return c.repeats.take()
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

// backOff waits, and counts the wait.
func (c *Client) backOff(ctx context.Context, pause time.Duration) error {
	began := time.Now()
	defer func() { c.backedOff.Add(int64(time.Since(began))) }()
	return sleep(ctx, pause)
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
