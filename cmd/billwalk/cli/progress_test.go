package cli

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/progress"
)

func TestProgressLine(t *testing.T) {
	t.Parallel()
	done := progress.Counts{Units: 36, UnitsDone: 12, Pages: 181, Rows: 3539, Partitions: 2}
	resumed := done
	resumed.UnitsFound, resumed.PagesFound, resumed.Bills, resumed.BillsSettled, resumed.Orders, resumed.OrdersDue = 9, 40, 1000, 200, 30, 120
	for _, test := range []struct {
		name    string
		reading reading
		want    string
		attrs   map[string]any
	}{
		{
			"a replay asks nobody",
			reading{Counts: done, percent: 33},
			"units 12/36 (33%)  pages 181  rows 3539 | published 2",
			map[string]any{"units_done": 12., "units": 36., "units_percent": 33., "pages": 181., "rows": 3539., "partitions": 2.},
		},
		{
			"at the start nothing is known",
			reading{Counts: progress.Counts{Units: 36}, asked: true, bills: pace{allowed: 50, limit: 50}},
			"units 0/36 (0%)  pages 0  rows 0  0.0 of 50 requests/s | published 0",
			map[string]any{"units_done": 0., "units": 36., "units_percent": 0., "pages": 0., "rows": 0., "partitions": 0., "throttled_seconds": 0.,
				"bills": map[string]any{"requests_per_second": 0., "allowed": 50., "cap": 50.}},
		},
		{
			"resumed and throttled, with a rate and an estimate of each API",
			reading{Counts: resumed, percent: 40, asked: true, settles: true, throttle: 90 * time.Second,
				bills: pace{rate: 12.345, allowed: 25, limit: 50, left: 75 * time.Minute}, trade: pace{rate: 7, allowed: 20, limit: 20, left: 90 * time.Second}},
			"units 12/36 (40%)  pages 181  rows 3539  (in the archive: 9 units, 40 pages)  12.3 of 50 requests/s, slowed to 25.0  ETA 1h15m" +
				" | orders 30/~1800  7.0 of 20 requests/s  ETA 1m30s | published 2  throttled 1m30s",
			map[string]any{"units_done": 12., "units": 36., "units_percent": 40., "pages": 181., "rows": 3539., "partitions": 2., "units_found": 9., "pages_found": 40., "throttled_seconds": 90.,
				"bills":       map[string]any{"requests_per_second": 12.3, "allowed": 25., "cap": 50., "eta_seconds": 4500.},
				"orders_done": 30., "orders": 1800., "settlements": map[string]any{"requests_per_second": 7., "allowed": 20., "cap": 20., "eta_seconds": 90.}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.reading.line(); got != test.want {
				t.Errorf("line\n%s, want\n%s", got, test.want)
			}
			if diff := cmp.Diff(test.attrs, attrsOf(t, test.reading)); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

// attrsOf returns the reading's attributes as a line of log has them.
func attrsOf(t *testing.T, r reading) map[string]any {
	t.Helper()
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).LogAttrs(t.Context(), slog.LevelInfo, "progress", r.attrs()...)
	var attrs map[string]any
	if err := json.Unmarshal(out.Bytes(), &attrs); err != nil {
		t.Fatal(err)
	}
	delete(attrs, "time")
	delete(attrs, "level")
	delete(attrs, "msg")
	return attrs
}

func TestRemaining(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for _, test := range []struct {
		name     string
		done     progress.Counts
		inFlight int64
		elapsed  time.Duration
		want     time.Duration
	}{
		{"before anything", progress.Counts{Units: 100}, 8, 0, 0},
		{"too early to tell", progress.Counts{Units: 100, UnitsDone: 50, Pages: 50, PagesExpected: 100}, 8, 4 * time.Second, 0},
		{"too little to tell", progress.Counts{Units: 1000, Pages: 9, PagesExpected: 1000}, 8, minute, 0},
		{"half of the pages", progress.Counts{Units: 100, UnitsDone: 3, Pages: 500, PagesExpected: 1000}, 8, minute, minute},
		{"more pages than there were last time", progress.Counts{Units: 100, UnitsDone: 80, Pages: 1000, PagesExpected: 900}, 8, minute, minute / 50},
		{"of most units nothing is known", progress.Counts{Units: 100, UnitsDone: 10, Pages: 90, PagesExpected: 100}, 8, minute, minute},
		{"first run, the first units have ended", progress.Counts{Units: 100, UnitsDone: 8, Pages: 500}, 8, minute, 0},
		{"first run, a quarter of the units", progress.Counts{Units: 100, UnitsDone: 25, Pages: 500}, 8, minute, 3 * minute},
		{"all is walked", progress.Counts{Units: 100, UnitsDone: 100, Pages: 500, PagesExpected: 900}, 8, minute, 0},
		{"no unit at all", progress.Counts{}, 8, minute, 0},
	} {
		if got := remaining(test.done, test.inFlight, test.elapsed); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestOrdersExpected: before the first day has come to its orders, each bill stands for one;
// then as many are due per bill as so far, and units that are left are as large as others.
func TestOrdersExpected(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	for _, test := range []struct {
		name    string
		done    progress.Counts
		orders  int64
		elapsed time.Duration
		want    time.Duration
	}{
		{"nothing is known", progress.Counts{Units: 10}, 0, minute, 0},
		{"bills alone", progress.Counts{Units: 10, UnitsDone: 5, Bills: 100}, 200, minute, 0},
		{"one day of two", progress.Counts{Units: 10, UnitsDone: 10, Bills: 200, BillsSettled: 100, OrdersDue: 60, Orders: 30}, 120, minute, 3 * minute},
		{"the walk goes on", progress.Counts{Units: 10, UnitsDone: 5, Bills: 100, BillsSettled: 50, OrdersDue: 30, Orders: 30}, 120, minute, 3 * minute},
		{"too early to tell", progress.Counts{Units: 10, UnitsDone: 10, Bills: 200, BillsSettled: 100, OrdersDue: 60, Orders: 30}, 120, 4 * time.Second, 0},
		{"all is answered", progress.Counts{Units: 10, UnitsDone: 10, Bills: 200, BillsSettled: 200, OrdersDue: 120, Orders: 120}, 120, minute, 0},
		{"more than there are bills for", progress.Counts{Units: 10, UnitsDone: 10, Bills: 100, BillsSettled: 110, OrdersDue: 70, Orders: 70}, 70, minute, 0},
	} {
		if got := test.done.OrdersExpected(); got != test.orders {
			t.Errorf("%s: %d orders, want %d", test.name, got, test.orders)
		}
		if got := remainingOrders(test.done, 0, test.elapsed); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line  string
		width int
		want  string
	}{
		{"units 1/2", 0, "units 1/2"}, // unknown
		{"units 1/2", 10, "units 1/2"},
		{"units 1/2", 9, "units 1/"}, // the last column stays free: some terminals wrap there
		{"units 1/2", 2, "u"},
		{"", 5, ""},
	} {
		if got := fit(test.line, test.width); got != test.want {
			t.Errorf("%q in %d columns: %q, want %q", test.line, test.width, got, test.want)
		}
	}
}

// TestScreen: the line of progress is drawn over, a line of log goes above it, and
// nothing is left of it in the end.
func TestScreen(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	s := &screen{terminal: &terminal, width: func() int { return 8 }}
	log := func(line string) {
		if n, err := s.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("wrote %d of %d, %v", n, len(line), err)
		}
	}
	log("begins\n")
	s.show("pages 1")
	s.show("pages 1000")
	log("a warning that is longer than the terminal\n")
	s.show("")
	log("ends\n")
	want := "begins\n" + wipe + "pages 1" + wipe + "pages 1" + wipe + "a warning that is longer than the terminal\n" + "pages 1" + wipe + "ends\n"
	if diff := cmp.Diff(want, terminal.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// metered is a run that makes 20 calls a second and stands still otherwise.
func metered() *meter {
	began := time.Now()
	return &meter{
		done: func() progress.Counts { return progress.Counts{Units: 4, UnitsDone: 1, Pages: 100, PagesExpected: 200} },
		stats: func() apiStats {
			return apiStats{bills: apiCalls{int64(20 * time.Since(began).Seconds()), 25, 25}}
		},
		now: time.Now, began: began, at: began,
	}
}

// TestProgressInALog: off a terminal there is a line every half minute, and none
// from a run that is shorter.
func TestProgressInALog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := &program{log: slog.New(slog.NewJSONHandler(&log, nil))}
		end := p.showProgress(metered())
		time.Sleep(29 * time.Second)
		end()
		if log.Len() > 0 {
			t.Errorf("logged in half a minute: %s", log.String())
		}
		end = p.showProgress(metered())
		time.Sleep(95 * time.Second)
		end()
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines in 95 s, want 3:\n%s", len(lines), log.String())
		}
		for i, eta := range []string{"30", "60", "90"} {
			if !strings.Contains(lines[i], `"msg":"progress","units_done":1,"units":4,`) ||
				!strings.Contains(lines[i], `"bills":{"requests_per_second":20,`) || !strings.Contains(lines[i], `"eta_seconds":`+eta+`}`) {
				t.Errorf("line %d: %s", i, lines[i])
			}
		}
	})
}

// TestProgressOnATerminal: the line is drawn five times a second, nothing is
// logged, and it is gone in the end.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		p := &program{screen: &screen{terminal: &terminal, width: func() int { return 200 }}}
		p.log = slog.New(slog.NewTextHandler(p.screen, nil))
		end := p.showProgress(metered())
		time.Sleep(6100 * time.Millisecond)
		end()
		drawn := strings.Split(terminal.String(), wipe)
		if drawn[0] != "" || len(drawn) != 1+30+1 || drawn[31] != "" {
			t.Fatalf("drawn %d times: %q", len(drawn), drawn)
		}
		if want := "units 1/4 (25%)  pages 100  rows 0  0.0 of 25 requests/s | published 0"; drawn[1] != want {
			t.Errorf("first\n%s, want\n%s", drawn[1], want)
		}
		if want := "units 1/4 (25%)  pages 100  rows 0  20.0 of 25 requests/s  ETA 6s | published 0"; drawn[30] != want {
			t.Errorf("last\n%s, want\n%s", drawn[30], want)
		}
	})
}
