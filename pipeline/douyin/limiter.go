package douyin

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"billwalk/pipeline/stop"
)

const (
	minRate      = 0.2              // requests per second below which throttling does not lower the rate
	recoverEvery = 10 * time.Second // without throttling, until the rate rises again
	recoverSteps = 10               // rises from 0 to the cap

	// The rate is halved if so many of the latest answers, or the same share of those
	// since it was last halved, are "too many requests". A single one among many does not
	// change the rate: its call is retried.
	latestAnswers    = 20
	throttledAnswers = 3
)

// pacer is the rate limiter of an app and API. Every request, also of a retry, waits here
// and is sent immediately afterwards. The pacer spaces requests evenly, limits those of
// any second, halves its rate when the platform throttles and recovers step by step.
type pacer struct {
	turn   chan struct{} // held by the caller with the next slot
	bucket *rate.Limiter
	sent   window // used by the holder of turn
	cap    float64
	floor  float64

	mu          sync.Mutex
	rate        float64
	changedAt   time.Time // when the rate last changed, or the platform last throttled
	halvedAt    time.Time // when the rate was last halved
	answers     []bool    // the latest answers since then: whether they were throttled
	pausedUntil time.Time // until when the platform asked to wait
	slowedFor   time.Duration
}

// newPacer returns a pacer for qps requests per second. A bucket of one spaces requests
// evenly; above 100 per second sleeping is too coarse, and the bucket holds the requests
// of 10 ms.
func newPacer(qps float64) *pacer {
	return &pacer{
		turn:   make(chan struct{}, 1),
		bucket: rate.NewLimiter(rate.Limit(qps), max(1, int(qps/100))),
		sent:   window{limit: int(qps) + 1},
		cap:    qps, floor: min(qps, minRate), rate: qps,
	}
}

// wait waits until the caller may send, and returns the time, or ctx's error. The caller
// must send immediately.
func (p *pacer) wait(ctx context.Context) (time.Time, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
	began := time.Now()
	slow := p.limit(began) < p.cap
	slot := p.bucket.ReserveN(began, 1)
	due := began.Add(slot.DelayFrom(began))
	for {
		now := time.Now()
		due = latestTime(due, p.sent.free(now), p.paused())
		if !due.After(now) {
			p.sent.add(now)
			p.waited(began, now, slow)
			return now, nil
		}
		if err := stop.Sleep(ctx, due.Sub(now)); err != nil {
			slot.CancelAt(time.Now())
			return time.Time{}, err
		}
	}
}

// throttled records that the platform throttled the request of that time, and halves the
// rate if it throttles often. Requests sent before the last halving count once, as one
// burst. Nothing is sent during the pause.
func (p *pacer) throttled(sent time.Time, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.pausedUntil = latestTime(p.pausedUntil, now.Add(pause))
	if !sent.After(p.halvedAt) {
		p.changedAt = now
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
	p.changedAt, p.halvedAt, p.answers = now, now, nil
	p.rate = max(p.floor, p.rate/2)
	p.bucket.SetLimitAt(now, rate.Limit(p.rate))
}

// answered records that the request of that time was not throttled.
func (p *pacer) answered(sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sent.After(p.halvedAt) {
		p.recordAnswer(false)
	}
}

// recordAnswer adds to the latest answers.
func (p *pacer) recordAnswer(throttled bool) {
	p.answers = append(p.answers, throttled)
	p.answers = p.answers[max(0, len(p.answers)-latestAnswers):]
}

// limit returns the rate at a time, after it has recovered.
func (p *pacer) limit(now time.Time) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if steps := now.Sub(p.changedAt) / recoverEvery; p.rate < p.cap && steps > 0 {
		p.rate = min(p.cap, p.rate+float64(steps)*p.cap/recoverSteps)
		p.changedAt = p.changedAt.Add(steps * recoverEvery)
		p.bucket.SetLimitAt(now, rate.Limit(p.rate))
	}
	return p.rate
}

// paused returns until when the platform asked to wait.
func (p *pacer) paused() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pausedUntil
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

// rateSpan is a little longer than a server's second, so that a request at either end
// of it counts once.
const rateSpan = time.Second + time.Millisecond

// window limits the requests of any second. Spacing alone is not enough: late timers
// send requests in bunches, and a strict server counts every second.
type window struct {
	limit int         // requests in any second
	sent  []time.Time // those of the last second, the oldest first
}

// free returns the time when one more request may be sent.
func (w *window) free(now time.Time) time.Time {
	old := 0
	for old < len(w.sent) && now.Sub(w.sent[old]) >= rateSpan {
		old++
	}
	w.sent = w.sent[old:]
	if len(w.sent) < w.limit {
		return now
	}
	return w.sent[len(w.sent)-w.limit].Add(rateSpan)
}

// add records that a request is sent.
func (w *window) add(now time.Time) { w.sent = append(w.sent, now) }

// latestTime returns the latest of the times.
func latestTime(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.After(t) {
			t = o
		}
	}
	return t
}
