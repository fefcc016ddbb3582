package douyin

import (
	"math"
	"slices"
	"time"
)

const (
	margin  = time.Millisecond // by which any request may arrive later than its answer shows
	maxLate = 2 * time.Second  // by which no request is taken to arrive late

	// What it may cost that requests count longer than a second: their mean delay by the
	// usual time, and a share of the time for being stricter than that.
	allowance     = 8 * time.Millisecond
	strictShare   = 400 // one part in so many
	maxCredit     = 80 * time.Millisecond
	maxUnsure     = 20 * time.Millisecond  // by which one answer alone may be slower than the fastest
	maxUsualDelay = 300 * time.Millisecond // as which the delay of an outlier counts
)

// flight is a request that was sent.
type flight struct {
	sent    time.Time // when its slot was due
	written time.Time // when the connection had it; zero if that is not known
	arrived time.Time // when it has certainly arrived; zero until then
}

// window limits the requests that arrive in any second, as a strict server counts them.
//
// A request arrives between its sending and its answer. If all counted until a second
// after their answers, no second could ever have too many; but every answer takes its
// time, and that would cost a part of the rate. So a request is taken to have arrived as
// late as its answer came later than that of the fastest of late, and counts for a second
// from then.
//
// That is exact while no answer is faster, counted from the arrival of its request: then
// no request that is sent now arrives within a second of one that no longer counts. Where
// answers take very different times, it would cost more of the rate than the allowances
// above. Then the usual time stands for the fastest one, which is higher by so much that
// the cost is within them. A request that is delayed on its way, and whose answer is
// faster than usual, may then be one too many for the server; so may one that is delayed
// by more than maxLate. A limit that is not reached costs nothing, and stays exact.
type window struct {
	limit   int
	flights []*flight // those that count, in the order of their sending

	latest         []time.Duration // the times of the latest answers, as a ring
	count          int             // of all answers
	usual, fastest time.Duration   // of these; usual is exceeded by the allowance in the mean

	credit   time.Duration // for which the fastest answer counts, not the usual one
	earnedAt time.Time     // up to when the credit was earned
}

func newWindow(qps float64) window {
	const shortest, longest = 32, 256
	return window{limit: int(math.Ceil(qps)), latest: make([]time.Duration, 0, int(min(max(2*qps, shortest), longest))), credit: maxCredit}
}

// free returns the time when one more request may be sent. Where answers are missing, it
// may be later by then.
func (w *window) free(now time.Time) time.Time {
	if !w.earnedAt.IsZero() {
		w.credit = min(w.credit+now.Sub(w.earnedAt)/strictShare, maxCredit)
	}
	w.earnedAt = now
	full := len(w.flights) >= w.limit
	for len(w.flights) > 0 && !w.until(w.flights[0], now).After(now) {
		w.forget(w.flights[0], now, full)
		w.flights = w.flights[1:]
	}
	if len(w.flights) < w.limit {
		return now
	}
	var first time.Time
	w.flights = slices.DeleteFunc(w.flights, func(f *flight) bool {
		until := w.until(f, now)
		if !until.After(now) {
			w.forget(f, now, full)
			return true
		}
		if first.IsZero() || until.Before(first) {
			first = until
		}
		return false
	})
	if len(w.flights) < w.limit {
		return now
	}
	return first
}

// until returns the time until which a request counts, at the earliest if it is not
// answered.
func (w *window) until(f *flight, now time.Time) time.Time {
	usual := w.usual
	if w.credit > 0 {
		usual = min(usual, w.fastest)
	}
	return f.begun().Add(time.Second + f.late(usual, now))
}

// forget charges what it has cost that a request counted by the fastest answer, if the
// limit was reached.
func (w *window) forget(f *flight, now time.Time, full bool) {
	if full && w.credit > 0 && w.fastest < w.usual {
		w.credit -= (f.late(w.fastest, now) - f.late(w.usual, now)) / time.Duration(w.limit)
	}
}

// late returns by how much a request arrived late, at most, where an answer takes the
// usual time.
func (f *flight) late(usual time.Duration, now time.Time) time.Duration {
	arrived := f.arrived
	if arrived.IsZero() {
		arrived = now
	}
	return margin + min(max(arrived.Sub(f.begun())-usual, 0), maxLate)
}

// begun returns the time from which a request may have arrived.
func (f *flight) begun() time.Time { return latestTime(f.sent, f.written) }

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
	if took := at.Sub(f.begun()); len(w.latest) < cap(w.latest) {
		w.latest = append(w.latest, took)
	} else {
		w.latest[w.count%cap(w.latest)] = took
	}
	w.count++
	if w.count < cap(w.latest) || w.count%8 == 0 {
		unsure := maxUnsure / time.Duration(len(w.latest)) // others may be faster
		w.usual, w.fastest = max(usualTime(w.latest)-unsure, 0), max(slices.Min(w.latest)-unsure, 0)
	}
}

// usualTime returns the time that the given ones exceed by the allowance in the mean, or
// 0. None counts as more than maxUsualDelay above it.
func usualTime(times []time.Duration) time.Duration {
	low, high := time.Duration(0), slices.Max(times)
	for high-low > time.Millisecond/10 {
		usual, sum := (low+high)/2, time.Duration(0)
		for _, took := range times {
			sum += min(max(took-usual, 0), maxUsualDelay)
		}
		if sum > time.Duration(len(times))*allowance {
			low = usual
		} else {
			high = usual
		}
	}
	return low
}
