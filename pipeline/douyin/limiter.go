package douyin

import (
	"context"
	"math"
	"sync"
	"time"

	"billwalk/pipeline/stop"
)

const (
	minRate = 0.2 // requests per second below which throttling does not lower the rate

	// After a throttling has passed the full rate is reached within 10 s: at minRate an
	// answer comes within 5 s, and the rate rises at once; at a higher rate it rises 5 s
	// after it was lowered.
	riseAfter = 5 * time.Second
	riseTime  = 4500 * time.Millisecond // from the lowered rate to the cap
	riseStep  = 20 * time.Millisecond   // how often a caller looks whether the rate has risen

	// The rate is halved if so many of the latest answers, or the same share of those
	// since it was last halved, are "too many requests". A single one among many does not
	// change the rate: its call is retried.
	latestAnswers    = 20
	throttledAnswers = 3

	// While callers wait, so many requests are sent at a time, when the slot of the last of
	// them is due: to wake a process costs about as much as a request itself. Of processes that
	// share the rate each is woken half as often as the parts would have it, as they are many.
	maxGroup           = 16
	maxGroupTime       = 80 * time.Millisecond // from the first one's slot to the last one's
	maxSharedGroup     = 2 * maxGroup
	maxSharedGroupTime = 8 * maxGroupTime

	// How late a slot may be without being lost, beyond the time of a group. What is late is
	// sent in a bunch, which the window limits. A bunch after a rest is smaller.
	maxCatchUp   = 50 * time.Millisecond
	maxRestBunch = 10 * time.Millisecond

	maxLoanWait = time.Second // for which a caller without a slot waits before it looks whether one is lent

	// However slow the answers are: where what answers is busy, more requests under way are
	// answered more slowly, and not more of them.
	maxInFlight = 256
)

// pacer is the rate limiter of an app and API. Every request, also of a retry, waits here
// and is sent immediately afterwards. The pacer spaces requests evenly, a few at a time where
// they are many, limits those that arrive in any second, halves its rate when the platform
// throttles and recovers.
type pacer struct {
	queue queue

	mu          sync.Mutex
	cap         float64 // with a share, what the process has of it in the mean
	floor       float64
	share       *Share    // nil where the process has the app's whole rate
	slots       int       // of a second, which are shared
	loan        loan      // of the slots of processes that make no more calls
	slot        time.Time // of the latest request, by the spacing alone
	window      window
	rate        float64   // since it was last halved, or the cap
	halvedAt    time.Time // when the rate was last halved
	answeredAt  time.Time // when the first request since then was answered
	answers     []bool    // the latest answers since then: whether they were throttled
	pausedUntil time.Time // until when the platform asked to wait
	slowedFor   time.Duration
}

// newPacer returns a pacer for qps requests per second.
func newPacer(qps float64) *pacer {
	return &pacer{cap: qps, floor: min(qps, minRate), rate: qps, window: newWindow(qps)}
}

// newSharedPacer returns a pacer for this process's share of qps.
func newSharedPacer(qps float64, share *Share) *pacer {
	p := newPacer(share.of(qps))
	p.share, p.slots = share, int(math.Ceil(qps))
	return p
}

// change gives the pacer another share of qps. It has sent nothing yet.
func (p *pacer) change(qps float64, share *Share) {
	other := newSharedPacer(qps, share)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cap, p.floor, p.rate, p.window, p.share, p.slots, p.loan = other.cap, other.floor, other.rate, other.window, other.share, other.slots, other.loan
}

// wait waits until the caller may send, and returns its request, or ctx's error. The
// caller must send immediately, and call arrived when the request has ended.
func (p *pacer) wait(ctx context.Context) (*flight, error) {
	rested, err := p.queue.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer p.queue.leave()
	began := time.Now()
	slow := p.begin(began, rested)
	for {
		now := time.Now()
		f, pause := p.send(now)
		if f != nil {
			p.waited(began, now, slow)
			return f, nil
		}
		if err := stop.Sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// begin begins a turn, and reports whether the rate is lowered.
func (p *pacer) begin(now time.Time, rested bool) (slow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := p.limitLocked(now)
	if rested {
		p.slot = latestTime(p.slot, now.Add(-maxRestBunch-interval(rate*max(p.divide(now), 1))))
	}
	return rate < p.cap
}

// send takes the next slot if it is due; else it returns the time until then.
func (p *pacer) send(now time.Time) (*flight, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate, part := p.limitLocked(now), p.divide(now)
	if part == 0 {
		return nil, min(p.share.next(now).Sub(now), maxLoanWait)
	}
	pace := interval(rate * part)
	due := p.slot.Add(pace)
	if next := latestTime(due, p.window.free(now), p.pausedUntil); next.After(now) {
		if rate < p.cap {
			return nil, min(next.Sub(now), riseStep)
		}
		if next.Equal(due) {
			return nil, due.Sub(now) + time.Duration(p.others(pace))*pace
		}
		return nil, next.Sub(now)
	}
	p.slot = latestTime(due, now.Add(-max(p.groupTime()+maxCatchUp, pace)))
	return p.window.add(now), 0
}

// divide sets the limit of a second to the process's slots, and returns what they are of the
// mean.
func (p *pacer) divide(now time.Time) float64 {
	if p.share == nil {
		return 1
	}
	p.window.limit = p.loan.slots(now, p.share, p.slots)
	return float64(p.window.limit) / p.share.of(float64(p.slots))
}

// others returns how many requests are sent together with one that waits.
func (p *pacer) others(pace time.Duration) int {
	most := maxGroup
	if p.share != nil {
		most = maxSharedGroup
	}
	return min(p.queue.length(), most-1, int(p.groupTime()/pace))
}

// groupTime returns the longest time from the slot of the first request of a group to the last
// one's.
func (p *pacer) groupTime() time.Duration {
	if p.share == nil {
		return maxGroupTime
	}
	return min(maxGroupTime*time.Duration(p.slots)/time.Duration(max(p.window.limit, 1)), maxSharedGroupTime)
}

func interval(rate float64) time.Duration { return time.Duration(float64(time.Second) / rate) }

// wrote records that the connection has the request.
func (p *pacer) wrote(f *flight) {
	if p == nil {
		return // client_token has no limit
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.arrived.IsZero() {
		f.written = time.Now()
	}
}

// arrived records that the request has arrived by now, or never will. The first byte of an
// answer shows it: what comes after says nothing of its way.
func (p *pacer) arrived(f *flight) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.arrived.IsZero() {
		p.window.arrived(f, time.Now())
	}
}

// unsent gives back the slot of a request that was not sent.
func (p *pacer) unsent(f *flight) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.window.remove(f)
}

// throttled records that the platform throttled the request, and halves the rate if it
// throttles often. Requests sent before the last halving count once, as one burst.
// Nothing is sent during the pause.
func (p *pacer) throttled(f *flight, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.pausedUntil = latestTime(p.pausedUntil, now.Add(pause))
	if !f.sent.After(p.halvedAt) {
		return
	}
	p.recordAnswer(true)
	refused := 0
	for _, throttled := range p.answers {
		if throttled {
			refused++
		}
	}
	if refused*latestAnswers < throttledAnswers*len(p.answers) {
		return
	}
	p.rate = max(p.floor, p.limitLocked(now)/2)
	p.halvedAt, p.answeredAt, p.answers = now, time.Time{}, nil
}

// answered records that the request was not throttled.
func (p *pacer) answered(f *flight) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !f.sent.After(p.halvedAt) {
		return
	}
	p.recordAnswer(false)
	if p.answeredAt.IsZero() {
		p.answeredAt = time.Now()
	}
}

// recordAnswer adds to the latest answers.
func (p *pacer) recordAnswer(throttled bool) {
	p.answers = append(p.answers, throttled)
	p.answers = p.answers[max(0, len(p.answers)-latestAnswers):]
}

// most returns the rate that is not exceeded.
func (p *pacer) most() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cap
}

// limit returns the rate at a time, as far as it has recovered.
func (p *pacer) limit(now time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limitLocked(now)
}

func (p *pacer) limitLocked(now time.Time) float64 {
	if p.rate == p.cap || p.answeredAt.IsZero() {
		return p.rate
	}
	risen := now.Sub(latestTime(p.answeredAt, p.halvedAt.Add(riseAfter)))
	switch {
	case risen >= riseTime:
		p.rate = p.cap
	case risen > 0: // by the same factor in equal times, to meet a lower limit slowly
		return p.rate * math.Pow(p.cap/p.rate, float64(risen)/float64(riseTime))
	}
	return p.rate
}

// inFlight returns twice the number of requests that are under way at the full rate.
func (p *pacer) inFlight() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(min(2*p.cap*p.window.usual.Seconds(), maxInFlight))
}

// waited counts the time of a turn at a lowered rate or during a pause. Turns do not
// overlap.
func (p *pacer) waited(began, ended time.Time, slow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slow || p.pausedUntil.After(began) {
		p.slowedFor += ended.Sub(began)
	}
}

// slowedTime returns the time of all slow or paused turns.
func (p *pacer) slowedTime() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slowedFor
}

// latestTime returns the latest of the times.
func latestTime(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.After(t) {
			t = o
		}
	}
	return t
}
