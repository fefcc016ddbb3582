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
func (b *circuit) poll() (time.Duration, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answered == nil {
		return 0, nil
	}
	now := time.Now()
	pause := b.nextProbe.Sub(now)
	if pause <= 0 {
		b.nextProbe = now.Add(probeInterval)
	}
	return pause, b.answered
}

// outage returns the time for which a caller still waits for the end of the outage, or
// the error if that is over.
func (b *circuit) outage(api string, patience, first time.Duration) (left time.Duration, outage *Error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.everAnswered {
		patience = first
	}
	if b.answered == nil {
		return 0, nil
	}
	if left = patience - time.Since(b.openedAt); left > 0 {
		return left, nil
	}
	since := b.openedAt.In(schema.China).Format("15:04 (UTC+8)")
	fault := newError(api, giveUpToday, oneLine(fmt.Sprintf("the platform has not answered since %s: %s", since, b.lastReason)))
	fault.Hint = hintOutage
	return 0, fault
}

func (b *circuit) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answered != nil
}

// recordSilence records a request without an answer. It reports whether that opens the
// circuit.
func (b *circuit) recordSilence(why string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent, b.lastReason = b.silent+1, why
	if b.answered != nil || b.silent < b.maxSilent {
		return false
	}
	now := time.Now()
	b.answered, b.openedAt, b.nextProbe = make(chan struct{}), now, now.Add(probeInterval)
	return true
}

// recordAnswer records an answer, and returns the length of the outage that it ends, or 0.
func (b *circuit) recordAnswer() (outage time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent, b.everAnswered = 0, true
	if b.answered == nil {
		return 0
	}
	close(b.answered)
	b.answered = nil
	return time.Since(b.openedAt)
}
