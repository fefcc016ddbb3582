package douyin

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Where callers wait, several requests are sent each time that the process is woken: those of
// 80 ms, and 16 at most. One caller alone waits for nobody.
func TestGroups(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ qps, callers, group int }{{10, 20, 1}, {125, 20, 11}, {1000, 64, 16}, {125, 1, 1}} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const seconds = 10
				at := 2 * time.Millisecond
				line := &line{there: func() time.Duration { return at }, back: func() time.Duration { return at }}
				took := line.run(t.Context(), newPacer(float64(tt.qps)), tt.callers, tt.qps*seconds)
				wakes := make(map[time.Time]bool)
				for _, at := range line.arrivals {
					wakes[at] = true
				}
				if most := len(line.arrivals) * 5 / (4 * tt.group); len(wakes) > most {
					t.Errorf("woken %d times for %d requests, want at most %d", len(wakes), len(line.arrivals), most)
				}
				if most := seconds * time.Second * 102 / 100; took > most {
					t.Errorf("took %v, want at most %v", took, most)
				}
				if got := busiest(line.arrivals); got > tt.qps {
					t.Errorf("%d requests in one second", got)
				}
			})
		})
	}
}
