package douyin

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quotaInterval is how often a quota that is used up is tried again.
const quotaInterval = 15 * time.Minute

// quota holds the calls of an API back while the platform says that its quota is used up,
// for as long as the client's quotaPatience allows. Callers wait, and once in an interval
// one of them is sent. Any other answer lets all go on.
type quota struct {
	mu      sync.Mutex
	hold    hold
	refusal *Error // the latest
}

// poll returns how long a caller must wait before it polls again, 0 if its request may be
// sent, and how long it may wait at all. One caller may send a request when a try is due.
func (q *quota) poll(patience time.Duration) (pause, left time.Duration, renewed <-chan struct{}, refusal *Error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.hold.on() {
		return 0, 0, nil, nil
	}
	pause, renewed = q.hold.poll(quotaInterval)
	return pause, patience - time.Since(q.hold.since), renewed, q.refusal
}

// usedUp reports whether callers have to wait.
func (q *quota) usedUp() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hold.on()
}

// waits reports whether a call that was refused has to wait, and not to fail.
func (q *quota) waits(patience time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hold.on() && time.Since(q.hold.since) < patience
}

// recordRefusal records that the quota is used up, and reports whether that is new.
func (q *quota) recordRefusal(fault *Error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refusal = fault
	if q.hold.on() {
		return false
	}
	q.hold.begin(quotaInterval)
	return true
}

// recordAnswer records any other answer, and returns how long callers have waited, or 0.
func (q *quota) recordAnswer() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.hold.end()
}

// awaitQuota waits until the quota admits a request, and reports whether the request is
// the try of a quota that is used up. The error is the platform's refusal, or ctx's.
func (c *Client) awaitQuota(ctx context.Context, e *endpoint) (try bool, err error) {
	for {
		pause, left, renewed, refusal := e.quota.poll(c.quotaPatience)
		if pause <= 0 {
			return refusal != nil, nil
		}
		if left <= 0 {
			return false, refusal
		}
		if err := c.awaitAnswer(ctx, min(pause, left), renewed); err != nil {
			return false, err
		}
	}
}

// updateQuota records the answer of a request, and logs changes of the quota. Without
// patience nothing waits: a refusal ends all calls.
func (c *Client) updateQuota(ctx context.Context, e *endpoint, fault *Error) {
	api := []slog.Attr{slog.String("app", c.app.Name), slog.String("api", e.api)}
	switch {
	case c.quotaPatience == 0 || fault != nil && fault.unanswered:
	case fault != nil && fault.quotaUsedUp():
		if e.quota.recordRefusal(fault) {
			c.log.LogAttrs(ctx, slog.LevelWarn, "the quota is used up: calls wait, and one is tried now and then", append(api, slog.Int64("code", fault.Code),
				slog.String("logid", fault.LogID), slog.Duration("every", quotaInterval), slog.Duration("at_most", c.quotaPatience))...)
		}
	default:
		if waited := e.quota.recordAnswer(); waited > 0 {
			c.log.LogAttrs(ctx, slog.LevelWarn, "the platform takes calls again", append(api, slog.Duration("after", waited))...)
		}
	}
}

// quotaUsedUp reports whether the platform said that the quota is used up.
func (e *Error) quotaUsedUp() bool { return e.remedy == giveUpToday && e.hasCode() }
