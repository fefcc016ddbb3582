package douyin

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"billwalk/schema"
)

const (
	silenceOpens      = 20 // requests in a row without an answer
	tokenSilenceOpens = 3  // of client_token, which one caller asks for all
	probeEvery        = 60 * time.Second

	// How long an outage is waited for, unless WithPatience says otherwise. An API
	// that has never answered is more likely at another address.
	patience      = 2 * time.Minute
	firstPatience = 15 * time.Second
)

// circuit keeps an outage of one API from costing calls. Many requests in a row
// without an answer open it: callers then wait, and once a minute one of them goes
// ahead, as a probe. Any answer of the platform closes it, be it an error. When
// the client's patience is at its end, callers fail at once; the probes go on.
type circuit struct {
	opens int // requests in a row without an answer that open it

	mu       sync.Mutex
	known    bool          // it has answered before
	silent   int           // requests in a row without an answer
	answered chan struct{} // closed by the answer that closes the circuit; nil unless it is open
	since    time.Time     // when it opened
	probe    time.Time     // when the next request may go
	last     string        // why the last request had no answer
}

// admit returns when a request may be sent, and the time it is then: the API's
// circuit lets it through, and it is its turn. A circuit that opened while the
// request waited for its turn holds it, too.
func (c *Client) admit(ctx context.Context, e *endpoint) (time.Time, error) {
	for {
		probe, err := c.pass(ctx, e)
		if err != nil || e.pace == nil {
			return time.Now(), err
		}
		sent, err := e.pace.wait(ctx)
		if err != nil || probe || !e.circuit.open() {
			return sent, err
		}
	}
}

// pass waits until the circuit lets a request through, and says whether that is
// a probe.
func (c *Client) pass(ctx context.Context, e *endpoint) (probe bool, err error) {
	for {
		pause, answered := e.circuit.look()
		if pause <= 0 {
			return answered != nil, nil
		}
		left, outage := e.circuit.tooLong(e.api, c.patience, c.firstPatience)
		if outage != nil {
			return false, outage
		}
		if err := c.holdBack(ctx, min(pause, left), answered); err != nil {
			return false, err
		}
	}
}

// holdBack waits, for an answer to another caller if that comes sooner, and
// counts the wait.
func (c *Client) holdBack(ctx context.Context, pause time.Duration, answered <-chan struct{}) error {
	began := time.Now()
	defer func() { c.backedOff.Add(int64(time.Since(began))) }()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look returns how long a caller has to wait before it looks again, nothing if
// it may go; and the answer that would end the wait, nil unless the circuit is
// open. Of those that come when a probe is due, one may go.
func (b *circuit) look() (time.Duration, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answered == nil {
		return 0, nil
	}
	now := time.Now()
	pause := b.probe.Sub(now)
	if pause <= 0 {
		b.probe = now.Add(probeEvery)
	}
	return pause, b.answered
}

// tooLong returns the error of an outage that is not waited for any longer, or how
// long it will be.
func (b *circuit) tooLong(api string, patience, first time.Duration) (left time.Duration, outage *Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known {
		patience = first
	}
	if b.answered == nil {
		return 0, nil
	}
	if left = patience - time.Since(b.since); left > 0 {
		return left, nil
	}
	since := b.since.In(schema.China).Format("15:04 (UTC+8)")
	fault := newError(api, giveUpToday, oneLine(fmt.Sprintf("the platform has not answered since %s: %s", since, b.last)))
	fault.Hint = hintOutage
	return 0, fault
}

func (b *circuit) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answered != nil
}

// miss notes a request without an answer. It is true where that opens the circuit.
func (b *circuit) miss(why string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent, b.last = b.silent+1, why
	if b.answered != nil || b.silent < b.opens {
		return false
	}
	now := time.Now()
	b.answered, b.since, b.probe = make(chan struct{}), now, now.Add(probeEvery)
	return true
}

// answer notes an answer, and returns how long the outage was that it ends.
func (b *circuit) answer() (outage time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent, b.known = 0, true
	if b.answered == nil {
		return 0
	}
	close(b.answered)
	b.answered = nil
	return time.Since(b.since)
}

// heard tells the circuit what became of a request.
func (c *Client) heard(ctx context.Context, e *endpoint, fault *Error) {
	if fault != nil && fault.unanswered {
		if e.circuit.miss(fault.Reason) {
			c.log.LogAttrs(ctx, slog.LevelWarn, "the platform does not answer: calls wait until it does", slog.String("app", c.app.Name),
				slog.String("api", e.api), slog.String("reason", fault.Reason), slog.Duration("at_most", c.patience))
		}
		return
	}
	if outage := e.circuit.answer(); outage > 0 {
		c.log.LogAttrs(ctx, slog.LevelWarn, "the platform answers again", slog.String("app", c.app.Name),
			slog.String("api", e.api), slog.Duration("after", outage))
	}
}
