package douyin

import (
	"math"
	"slices"
	"time"
)

const (
	// allowance is the mean time by which requests count longer than a second, and so the
	// share of the rate that it costs: 1 percent.
	allowance = 10 * time.Millisecond

	minLate = 2 * time.Millisecond   // by which any request may arrive late
	maxLate = 300 * time.Millisecond // by which no request is taken to arrive late
)

// flight is a request that was sent.
type flight struct {
	sent    time.Time
	arrived time.Time // when it has certainly arrived; zero until then
}

// window limits the requests that arrive in any second, as a strict server counts them.
//
// A request arrives between its sending and its answer. If all counted until a second
// after their answers, no second could ever have too many; but every answer takes its
// time, and that would cost a part of the rate. So a request is taken to have arrived as
// late as its answer came later than usual, and counts for a second from then.
//
// That is exact while an answer takes at least the usual time from the arrival of its
// request: then no request that is sent now arrives within a second of one that no longer
// counts. The usual time is a little less than the fastest of the latest answers where all
// take about the same time. Where they differ by more than the allowance in the mean, it
// is higher, so that no more of the rate is lost; a request that is delayed on its way,
// and whose answer is fast, may then be one too many for the server. So may one that is
// delayed by more than maxLate.
type window struct {
	limit   int
	flights []*flight // those that count, in the order of their sending

	latest []time.Duration // the times of the latest answers, as a ring
	count  int             // of all answers
	usual  time.Duration   // of an answer
}

func newWindow(qps float64) window {
	const shortest, longest = 32, 256
	return window{limit: int(math.Ceil(qps)), latest: make([]time.Duration, 0, int(min(max(2*qps, shortest), longest)))}
}

// free returns the time when one more request may be sent. Where answers are missing, it
// may be later by then.
func (w *window) free(now time.Time) time.Time {
	counts := func(f *flight) bool { return w.until(f, now).After(now) }
	for len(w.flights) > 0 && !counts(w.flights[0]) {
		w.flights = w.flights[1:]
	}
	if len(w.flights) < w.limit {
		return now
	}
	w.flights = slices.DeleteFunc(w.flights, func(f *flight) bool { return !counts(f) })
	if len(w.flights) < w.limit {
		return now
	}
	first := w.until(w.flights[0], now)
	for _, f := range w.flights[1:] {
		if until := w.until(f, now); until.Before(first) {
			first = until
		}
	}
	return first
}

// until returns the time until which a request counts, at the earliest if it is not
// answered.
func (w *window) until(f *flight, now time.Time) time.Time {
	arrived := f.arrived
	if arrived.IsZero() {
		arrived = now
	}
	late := min(max(arrived.Sub(f.sent)-w.usual, minLate), maxLate)
	return f.sent.Add(time.Second + late)
}

// add records that a request is sent.
func (w *window) add(now time.Time) *flight {
	f := &flight{sent: now}
	w.flights = append(w.flights, f)
	return f
}

// remove forgets a request that was not sent.
func (w *window) remove(f *flight) {
	w.flights = slices.DeleteFunc(w.flights, func(other *flight) bool { return other == f })
}

// arrived records that the request has certainly arrived.
func (w *window) arrived(f *flight, at time.Time) {
	f.arrived = at
	if took := at.Sub(f.sent); len(w.latest) < cap(w.latest) {
		w.latest = append(w.latest, took)
	} else {
		w.latest[w.count%cap(w.latest)] = took
	}
	w.count++
	if w.count < cap(w.latest) || w.count%8 == 0 {
		w.usual = usualTime(w.latest)
	}
}

// usualTime returns the time that the given ones exceed by the allowance in the mean, or
// 0. None counts as more than maxLate above it.
func usualTime(times []time.Duration) time.Duration {
	low, high := time.Duration(0), slices.Max(times)
	for high-low > time.Millisecond/10 {
		usual, sum := (low+high)/2, time.Duration(0)
		for _, took := range times {
			sum += min(max(took-usual, 0), maxLate)
		}
		if sum > time.Duration(len(times))*allowance {
			low = usual
		} else {
			high = usual
		}
	}
	return low
}
