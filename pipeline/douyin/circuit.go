package douyin

import (
	"fmt"
	"sync"
	"time"

	"billwalk/schema"
)

const (
	maxSilent      = 20 // requests in a row without an answer
	maxTokenSilent = 3  // of client_token, which one caller asks for all
	probeInterval  = 60 * time.Second

	// How long an outage is waited for, unless WithPatience says otherwise. An API
	// that has never answered is more likely at another address.
	defaultPatience      = 2 * time.Minute
	defaultFirstPatience = 15 * time.Second
)

// circuit keeps an outage of one API from costing calls. Many requests in a row
// without an answer open it: callers then wait, and once a minute one of them goes
// ahead, as a probe. Any answer of the platform closes it, be it an error. When
// the client's patience is at its end, callers fail at once; the probes go on.
type circuit struct {
	maxSilent int // requests in a row without an answer that open it

	mu           sync.Mutex
	everAnswered bool          // it has answered before
	silent       int           // requests in a row without an answer
	answered     chan struct{} // closed by the answer that closes the circuit; nil unless it is open
	openedAt     time.Time     // when it opened
	nextProbe    time.Time     // when the next request may go
	lastReason   string        // why the last request had no answer
}

// poll returns how long a caller has to wait before it looks again, nothing if
// it may go; and the answer that would end the wait, nil unless the circuit is
// open. Of those that come when a probe is due, one may go.
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

// outage returns the error of an outage that is not waited for any longer, or how
// long it will be.
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

// recordSilence notes a request without an answer. It is true where that opens the circuit.
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

// recordAnswer notes an answer, and returns how long the outage was that it ends.
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
