package douyin

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	minRate      = 0.2              // requests per second below which throttling does not push
	recoverEvery = 10 * time.Second // without throttling, before the rate rises again
	recoverSteps = 10               // rises from nothing back to the cap

	// The rate is halved where so many of the latest answers, or such a part of those
	// since it was halved last, are "too many requests". A single one among many does
	// not change the rate: its call is repeated.
	latestAnswers    = 20
	throttledAnswers = 3
)

// pacer is the one limiter of an app and API. Every request, repeats included,
// waits here and is sent at once afterwards. It spaces requests evenly, lets no
// second see more than the cap and a few, halves its rate when the platform
// throttles and recovers step by step.
type pacer struct {
	turn   chan struct{} // held by the one caller whose slot is next
	bucket *rate.Limiter
	sent   window // of the holder of turn
	cap    float64
	floor  float64

	mu          sync.Mutex
	rate        float64
	changedAt   time.Time // when the rate last changed, or throttling was last seen
	halvedAt    time.Time // when the rate was last halved
	answers     []bool    // answers since then, the latest alone: whether they were throttled
	pausedUntil time.Time // before which the platform asked not to be called
	slowedFor   time.Duration
}

// newPacer returns a pacer for qps requests per second. A bucket of one spaces
// them evenly; above 100 per second a sleep is too coarse for that, and the
// bucket holds 10 ms worth of requests.
func newPacer(qps float64) *pacer {
	return &pacer{
		turn:   make(chan struct{}, 1),
		bucket: rate.NewLimiter(rate.Limit(qps), max(1, int(qps/100))),
		sent:   window{limit: int(qps) + 1},
		cap:    qps, floor: min(qps, minRate), rate: qps,
	}
}

// wait returns when the caller may send, and the time it is then; or the
// context's error as soon as that is cancelled. Send at once: nothing may wait
// between here and the wire.
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
		if err := sleep(ctx, due.Sub(now)); err != nil {
			slot.CancelAt(time.Now())
			return time.Time{}, err
		}
	}
}

// throttled notes that the platform said that the request of that time was too
// much, and halves the rate unless that is an exception. What was in flight at the
// last halving is one burst and counts once. Nothing is sent for the length of pause.
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

// answered notes that the request of that time was not too much.
func (p *pacer) answered(sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sent.After(p.halvedAt) {
		p.recordAnswer(false)
	}
}

func (p *pacer) recordAnswer(throttled bool) {
	p.answers = append(p.answers, throttled)
	p.answers = p.answers[max(0, len(p.answers)-latestAnswers):]
}

// limit returns the rate at a time, after raising it by what is due.
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

func (p *pacer) paused() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pausedUntil
}

// waited counts a turn that was slow or paused. Turns do not overlap, so the sum
// is time on the clock.
func (p *pacer) waited(began, ended time.Time, slow bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slow || p.pausedUntil.After(began) {
		p.slowedFor += ended.Sub(began)
	}
}

func (p *pacer) slowedTime() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.slowedFor
}

// rateSpan is the guarded time: a little longer than a server's, so that a request
// at either end of its second counts once.
const rateSpan = time.Second + time.Millisecond

// window guards against bunches: timers that fire late let even spacing through
// late and together, and a strict server counts every second.
type window struct {
	limit int         // requests in any second
	sent  []time.Time // those of the last second, oldest first
}

// free returns the time from which one more request may be sent.
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

func latestTime(t time.Time, others ...time.Time) time.Time {
	for _, o := range others {
		if o.After(t) {
			t = o
		}
	}
	return t
}

// sleep waits for d, or returns the context's error as soon as that is cancelled.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
