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
	hold         hold   // while it is open
	everAnswered bool   // the API has answered before
	silent       int    // requests in a row without an answer
	lastReason   string // why the last request had no answer
}

// poll returns how long a caller must wait before it polls again, 0 if its request may
// be sent; and a channel that an answer closes, nil unless the circuit is open. When a
// probe is due, one caller may send it.
func (c *circuit) poll() (time.Duration, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hold.poll(probeInterval)
}

// outage returns the time for which a caller still waits for the end of the outage, or
// the error if that is over.
func (c *circuit) outage(api string, patience, first time.Duration) (left time.Duration, outage *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.everAnswered {
		patience = first
	}
	if !c.hold.on() {
		return 0, nil
	}
	if left = patience - time.Since(c.hold.since); left > 0 {
		return left, nil
	}
	since := c.hold.since.In(schema.China).Format("15:04 (UTC+8)")
	fault := newError(api, giveUpToday, oneLine(fmt.Sprintf("the platform has not answered since %s: %s", since, c.lastReason)))
	fault.Hint = hintOutage
	return 0, fault
}

func (c *circuit) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hold.on()
}

// recordSilence records a request without an answer. It reports whether that opens the
// circuit.
func (c *circuit) recordSilence(reason string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.lastReason = c.silent+1, reason
	if c.hold.on() || c.silent < c.maxSilent {
		return false
	}
	c.hold.begin(probeInterval)
	return true
}

// recordAnswer records an answer, and returns the length of the outage that it ends, or 0.
func (c *circuit) recordAnswer() (outage time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.everAnswered = 0, true
	return c.hold.end()
}
