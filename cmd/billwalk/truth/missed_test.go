package truth

import (
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
)

// TestMissedNights: three nights do not run at all. The next one fills their days
// from its lookback.
func TestMissedNights(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	const missed = 3
	last := billwalktest.FirstDay + missed + 1
	n := newNights(t, billwalktest.World(51, 20), billwalktest.Job{Lake: billwalktest.FolderLake(t), QPS: 5000, Trade: 5000, Lookback: missed + 1})
	n.run(billwalktest.FirstDay+1, func(w *cli.Job) { w.Run.Lookback = 0 })
	n.run(last+1, nil)
	billwalktest.CheckLake(t, n.lake, n.platform, billwalktest.FirstDay, last)
	billwalktest.CheckVerdicts(t, n.lake, n.platform, billwalktest.FirstDay, last, time.Unix(n.clock.Load(), 0))
	billwalktest.CheckInvariants(t, n.lake, true)
}
