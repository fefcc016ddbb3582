package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

const (
	redraw  = 200 * time.Millisecond // on a terminal
	logLine = 30 * time.Second       // elsewhere
)

// showProgress shows how far the run is, until the returned function is called:
// on a terminal a line that is drawn again and again, otherwise a line of log.
func (p *program) showProgress(w *wired) func() {
	stop, stopped := make(chan struct{}), make(chan struct{})
	live := isTerminal(p.err)
	every := logLine
	if live {
		every = redraw
	}
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		m := &meter{w: w, began: p.now(), at: p.now()}
		for {
			select {
			case <-ticker.C:
				if live {
					fmt.Fprintf(p.err, "\r\x1b[K%s", fit(m.line(p.now()), p.err.(*os.File)))
				} else {
					p.log.Info("progress", "at", m.line(p.now()))
				}
			case <-stop:
				if live {
					fmt.Fprint(p.err, "\r\x1b[K")
				}
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

// fit cuts the line to the terminal's width: a line that wraps cannot be drawn over.
func fit(line string, terminal *os.File) string {
	width, _, err := term.GetSize(int(terminal.Fd()))
	if runes := []rune(line); err == nil && width > 1 && len(runes) >= width {
		return string(runes[:width-1])
	}
	return line
}

// meter turns counts into a line, with the rate since its last one.
type meter struct {
	w     *wired
	began time.Time
	at    time.Time
	calls int64
	rate  float64
}

func (m *meter) line(now time.Time) string {
	done := m.w.run.Progress.Done()
	line := fmt.Sprintf("units %d/%d  pages %d  rows %d  published %d", done.UnitsDone, done.Units, done.Pages, done.Rows, done.Partitions)
	if m.w.client == nil {
		return line
	}
	s := m.w.client.Stats()
	if seconds := now.Sub(m.at).Seconds(); seconds >= 1 {
		m.rate = float64(s.Bills-m.calls) / seconds
		m.calls, m.at = s.Bills, now
	}
	line += fmt.Sprintf("  %.1f of %g requests/s  throttled %s", m.rate, s.Rate, s.ThrottledTime.Round(time.Second))
	if left, known := remaining(done.UnitsDone, done.Units, done.Pages, done.PagesExpected, now.Sub(m.began)); known {
		line += "  ETA " + left.Round(time.Second).String()
	}
	return line
}

// remaining estimates the time to go: by pages where the last manifests tell how
// many there will be, else by units.
func remaining(units, allUnits, pages, allPages int64, elapsed time.Duration) (time.Duration, bool) {
	done, all := units, allUnits
	if allPages > 0 {
		done, all = pages, max(pages, allPages)
	}
	if done == 0 || elapsed <= 0 {
		return 0, false
	}
	return time.Duration(float64(elapsed) / float64(done) * float64(all-done)), true
}
