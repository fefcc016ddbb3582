package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"billwalk/pipeline/douyin"
	"billwalk/pipeline/progress"
)

const (
	redraw  = 200 * time.Millisecond // on a terminal
	logLine = 30 * time.Second       // elsewhere
)

// showProgress shows how far the run is, until the returned function is called:
// on a terminal a line that is drawn again and again, otherwise a line of log.
func (p *program) showProgress(m *meter) func() {
	every := logLine
	if p.screen != nil {
		every = redraw
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if p.screen != nil {
					p.screen.show(m.read().line())
				} else {
					p.log.LogAttrs(context.Background(), slog.LevelInfo, "progress", m.read().attrs()...)
				}
			case <-stop:
				if p.screen != nil {
					p.screen.show("")
				}
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// meter reads how far a run is, and how fast it was since the reading before.
type meter struct {
	done  func() progress.Counts
	stats func() douyin.Stats // nil for a replay, which asks nobody
	now   func() time.Time

	inFlight int64 // units walked side by side

	began time.Time
	at    time.Time // when calls were counted last
	calls int64
	rate  float64
}

func (w *wired) meter(now func() time.Time) *meter {
	m := &meter{done: w.run.Progress.Counts, now: now, began: now(), at: now(), inFlight: int64(w.run.InFlight)}
	if len(w.clients) > 0 {
		m.stats = w.stats
	}
	return m
}

// reading is how far a run is at one moment.
type reading struct {
	progress.Counts
	asked    bool // whether the platform is asked at all: if not, what is below is zero
	rate     float64
	allowed  float64 // requests per second that the client allows itself now
	cap      float64 // and that it allows itself unthrottled
	throttle time.Duration
	left     time.Duration // estimated; 0 where there is nothing to base it on
}

func (m *meter) read() reading {
	r := reading{Counts: m.done(), asked: m.stats != nil}
	if !r.asked {
		return r
	}
	now, s := m.now(), m.stats()
	if seconds := now.Sub(m.at).Seconds(); seconds >= 1 {
		calls := s.Bills + s.Settlements
		m.rate = float64(calls-m.calls) / seconds
		m.calls, m.at = calls, now
	}
	r.rate, r.allowed, r.cap, r.throttle = m.rate, s.Rate, s.Cap, s.ThrottledTime
	r.left = remaining(r.Counts, m.inFlight, now.Sub(m.began))
	return r
}

// line is for a terminal. It is ASCII.
func (r reading) line() string {
	line := fmt.Sprintf("units %d/%d  pages %d  rows %d  published %d", r.UnitsDone, r.Units, r.Pages, r.Rows, r.Partitions)
	if r.OrdersExpected > 0 {
		line += fmt.Sprintf("  orders %d/%d", r.Orders, r.OrdersExpected)
	}
	if !r.asked {
		return line
	}
	line += fmt.Sprintf("  %.1f of %g requests/s", r.rate, r.cap)
	if r.allowed < r.cap {
		line += fmt.Sprintf(", slowed to %.1f", r.allowed)
	}
	if r.throttle > 0 {
		line += "  throttled " + roughly(r.throttle)
	}
	if r.left > 0 {
		line += "  ETA " + roughly(r.left)
	}
	return line
}

// attrs are for a log.
func (r reading) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.Int64("units_done", r.UnitsDone), slog.Int64("units", r.Units),
		slog.Int64("pages", r.Pages), slog.Int64("rows", r.Rows), slog.Int64("partitions", r.Partitions),
	}
	if r.OrdersExpected > 0 {
		attrs = append(attrs, slog.Int64("orders_done", r.Orders), slog.Int64("orders", r.OrdersExpected))
	}
	if !r.asked {
		return attrs
	}
	attrs = append(attrs, slog.Float64("requests_per_second", tenths(r.rate)), slog.Float64("allowed", tenths(r.allowed)),
		slog.Float64("cap", r.cap), slog.Int64("throttled_seconds", seconds(r.throttle)))
	if r.left > 0 {
		attrs = append(attrs, slog.Int64("eta_seconds", seconds(r.left)))
	}
	return attrs
}

// An estimate wants this much of a run behind it: the first answers come when
// connections are made and units begun, and say little about the pace.
const (
	tellingTime  = 5 * time.Second
	tellingShare = 100 // a hundredth of the work
)

// remaining estimates the time to go, or 0. Where the last manifests say how many
// pages there were, pages are the measure, and each unit that is left has one at
// least. Elsewhere units are, once more of them ended than are in flight: until
// then the long ones are still to come.
func remaining(d progress.Counts, inFlight int64, elapsed time.Duration) time.Duration {
	done, all := d.UnitsDone, d.Units
	switch {
	case d.PagesExpected > 0:
		done, all = d.Pages, max(d.PagesExpected, d.Pages+d.Units-d.UnitsDone)
	case done <= inFlight:
		return 0
	}
	if d.UnitsDone == d.Units || elapsed < tellingTime || done*tellingShare < all {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(done) * float64(all-done))
}
