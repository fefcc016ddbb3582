package cli

import (
	"context"
	"fmt"
	"log/slog"
	"time"

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

// meter reads how far a run is, and how fast each API was since the reading before.
type meter struct {
	done  func() progress.Counts
	stats func() apiStats // nil for a replay, which asks nobody
	now   func() time.Time

	inFlight int64 // units walked side by side

	began        time.Time
	ordersBegan  time.Time // when the first order was found answered
	ordersBefore int64     // how many were answered then
	at           time.Time // when calls were counted last
	percent      int64     // that was read last
	bills, trade pace
}

// apiStats is what the clients have done so far, by API.
type apiStats struct {
	bills, trade  apiCalls
	settles       bool // whether the trade system is asked at all
	throttledTime time.Duration
}

// apiCalls are the requests of an API, and the limits of its rate per second: the present
// one, and that without throttling.
type apiCalls struct {
	calls          int64
	allowed, limit float64
}

// pace is how fast an API is asked.
type pace struct {
	calls          int64
	rate           float64
	allowed, limit float64
	left           time.Duration // estimated; 0 where there is nothing to base it on
}

func (w *wired) meter(now func() time.Time) *meter {
	m := &meter{done: w.run.Progress.Counts, now: now, began: now(), at: now(), inFlight: int64(w.run.InFlight)}
	if w.bills != nil {
		m.stats = w.apiStats
	}
	return m
}

func (w *wired) apiStats() apiStats {
	s := w.bills.Stats()
	all := apiStats{bills: apiCalls{s.Bills, s.Rate, s.Cap}, throttledTime: s.ThrottledTime}
	if w.trade == nil {
		return all
	}
	if w.trade != w.bills {
		s = w.trade.Stats()
		all.throttledTime += s.ThrottledTime
	}
	all.trade, all.settles = apiCalls{s.Settlements, s.SettleRate, s.Cap}, true
	return all
}

// reading is how far a run is at one moment.
type reading struct {
	progress.Counts
	asked, settles bool // whether the platform and its trade system are asked: if not, what is below is zero
	bills, trade   pace
	throttle       time.Duration
	percent        int64 // of the units, with what is walked of those under way
}

func (m *meter) read() reading {
	r := reading{Counts: m.done(), asked: m.stats != nil}
	m.percent = max(m.percent, r.Counts.Percent()) // a unit that ends is for a moment neither under way nor done
	r.percent = m.percent
	if !r.asked {
		return r
	}
	now, s := m.now(), m.stats()
	if seconds := now.Sub(m.at).Seconds(); seconds >= 1 {
		m.bills.advance(s.bills, seconds)
		m.trade.advance(s.trade, seconds)
		m.at = now
	}
	r.settles, r.throttle = s.settles, s.throttledTime
	r.bills, r.trade = m.bills, m.trade
	r.bills.allowed, r.bills.limit, r.trade.allowed, r.trade.limit = s.bills.allowed, s.bills.limit, s.trade.allowed, s.trade.limit
	r.bills.left = remaining(r.Counts, m.inFlight, now.Sub(m.began))
	if r.Orders > 0 && m.ordersBegan.IsZero() {
		m.ordersBegan, m.ordersBefore = now, r.Orders
	}
	if !m.ordersBegan.IsZero() {
		r.trade.left = remainingOrders(r.Counts, m.ordersBefore, now.Sub(m.ordersBegan))
	}
	return r
}

func (p *pace) advance(s apiCalls, seconds float64) {
	p.rate, p.calls = float64(s.calls-p.calls)/seconds, s.calls
}

// line is for a terminal. It is ASCII.
func (r reading) line() string {
	line := fmt.Sprintf("units %d/%d (%d%%)  pages %d  rows %d", r.UnitsDone, r.Units, r.percent, r.Pages, r.Rows)
	if r.UnitsFound+r.PagesFound > 0 {
		line += fmt.Sprintf("  (in the archive: %d units, %d pages)", r.UnitsFound, r.PagesFound)
	}
	if r.asked {
		line += r.bills.text()
	}
	if r.settles {
		line += fmt.Sprintf(" | orders %d/~%d", r.Orders, r.OrdersExpected()) + r.trade.text()
	}
	line += fmt.Sprintf(" | published %d", r.Partitions)
	if r.throttle > 0 {
		line += "  throttled " + roughly(r.throttle)
	}
	return line
}

func (p pace) text() string {
	text := fmt.Sprintf("  %.1f of %g requests/s", p.rate, p.limit)
	if p.allowed < p.limit {
		text += fmt.Sprintf(", slowed to %.1f", p.allowed)
	}
	if p.left > 0 {
		text += "  ETA " + roughly(p.left)
	}
	return text
}

// attrs are for a log.
func (r reading) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.Int64("units_done", r.UnitsDone), slog.Int64("units", r.Units), slog.Int64("units_percent", r.percent),
		slog.Int64("pages", r.Pages), slog.Int64("rows", r.Rows), slog.Int64("partitions", r.Partitions),
	}
	if r.UnitsFound+r.PagesFound > 0 {
		attrs = append(attrs, slog.Int64("units_found", r.UnitsFound), slog.Int64("pages_found", r.PagesFound))
	}
	if !r.asked {
		return attrs
	}
	attrs = append(attrs, r.bills.attr("bills"))
	if r.settles {
		attrs = append(attrs, slog.Int64("orders_done", r.Orders), slog.Int64("orders", r.OrdersExpected()), r.trade.attr("settlements"))
	}
	return append(attrs, slog.Int64("throttled_seconds", seconds(r.throttle)))
}

func (p pace) attr(api string) slog.Attr {
	attrs := []any{slog.Float64("requests_per_second", tenths(p.rate)), slog.Float64("allowed", tenths(p.allowed)), slog.Float64("cap", p.limit)}
	if p.left > 0 {
		attrs = append(attrs, slog.Int64("eta_seconds", seconds(p.left)))
	}
	return slog.Group(api, attrs...)
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

// remainingOrders estimates the time to go for orders, or 0: those that are expected, at the
// pace since the first ones were answered.
func remainingOrders(d progress.Counts, before int64, elapsed time.Duration) time.Duration {
	done, left := d.Orders-before, d.OrdersExpected()-d.Orders
	if left <= 0 || done <= 0 || elapsed < tellingTime || d.Orders*tellingShare < d.OrdersExpected() {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(done) * float64(left))
}
