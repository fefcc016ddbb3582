package cli

import (
	"testing"
	"time"
)

// TestMissedNights: three nights do not run at all. The next one fills their days
// from its lookback.
func TestMissedNights(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	const missed = 3
	last := firstDay + missed + 1
	n := newNights(t, testWorld(51, 20), job{lake: folderLake(t), qps: 5000, trade: 5000, lookback: missed + 1})
	n.run(firstDay+1, func(w *Job) { w.Run.Lookback = 0 })
	n.run(last+1, nil)
	checkLake(t, n.lake, n.platform, firstDay, last)
	checkVerdicts(t, n.lake, n.platform, firstDay, last, time.Unix(n.clock.Load(), 0))
	checkInvariants(t, n.lake, true)
}
