package douyin

import (
	"fmt"
	"sync"
	"time"

	"billwalk/schema"
)

const (
	maxSilent      = 20 // requests in a row without an answer
	maxTokenSilent = 3  // of client_token, which one caller requests for all
	probeInterval  = 60 * time.Second

	// How long to wait for the end of an outage, unless WithPatience says otherwise. An
	// API that has never answered probably has another address.
	defaultPatience      = 2 * time.Minute
	defaultFirstPatience = 15 * time.Second
)

// circuit is a circuit breaker of one API. Many requests in a row without an answer open
// it: callers then wait, and once a minute one of them is sent as a probe. Any answer of
// the platform closes it, even an error. After the client's patience callers fail at
// once, while the probes continue.
type circuit struct {
	maxSilent int // requests in a row without an answer that open the circuit

	mu           sync.Mutex
	everAnswered bool          // the API has answered before
	silent       int           // requests in a row without an answer
	answered     chan struct{} // closed by the answer that closes the circuit; nil unless it is open
	openedAt     time.Time     // when it opened
	nextProbe    time.Time     // when the next request may be sent
	lastReason   string        // why the last request had no answer
}

// poll returns how long a caller must wait before it polls again, 0 if its request may
// be sent; and a channel that an answer closes, nil unless the circuit is open. When a
// probe is due, one caller may send it.
func (c *circuit) poll() (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answered == nil {
		return 0, nil
	}
	now := time.Now()
	pause := c.nextProbe.Sub(now)
	if pause <= 0 {
		c.nextProbe = now.Add(probeInterval)
	}
	return pause, c.answered
}

// outage returns the time for which a caller still waits for the end of the outage, or
// the error if that is over.
func (c *circuit) outage(api string, patience, first time.Duration) (left time.Duration, outage *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.everAnswered {
		patience = first
	}
	if c.answered == nil {
		return 0, nil
	}
	if left = patience - time.Since(c.openedAt); left > 0 {
		return left, nil
	}
	since := c.openedAt.In(schema.China).Format("15:04 (UTC+8)")
	fault := newError(api, giveUpToday, oneLine(fmt.Sprintf("the platform has not answered since %s: %s", since, c.lastReason)))
	fault.Hint = hintOutage
	return 0, fault
}

func (c *circuit) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered != nil
}

// recordSilence records a request without an answer. It reports whether that opens the
// circuit.
func (c *circuit) recordSilence(reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.lastReason = c.silent+1, reason
	if c.answered != nil || c.silent < c.maxSilent {
		return false
	}
	now := time.Now()
	c.answered, c.openedAt, c.nextProbe = make(chan struct{}), now, now.Add(probeInterval)
	return true
}

// recordAnswer records an answer, and returns the length of the outage that it ends, or 0.
func (c *circuit) recordAnswer() (outage time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.everAnswered = 0, true
	if c.answered == nil {
		return 0
	}
	close(c.answered)
	c.answered = nil
	return time.Since(c.openedAt)
}
