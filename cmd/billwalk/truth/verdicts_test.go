package truth

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/schema"
)

// TestWithoutTradeApp: with no settlements configured everything else works, and
// no verdict is guessed.
func TestWithoutTradeApp(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	platform := billwalktest.Serve(t, billwalktest.World(21, 60))
	lake := billwalktest.FolderLake(t)
	j := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000}
	s, _ := billwalktest.Run(t, j.Write(t), "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
	billwalktest.CheckLake(t, lake, platform, billwalktest.FirstDay, billwalktest.LastDay)
	billwalktest.CheckInvariants(t, lake, false)
	want := map[schema.Verdict]int64{schema.NotApplicable: s.Rows["reconciliation"]}
	if diff := cmp.Diff(want, s.Verdicts); diff != "" || s.Rows["reconciliation"] == 0 || s.Rows["settlements"] != 0 || s.Calls.Settlements != 0 {
		t.Errorf("%+v, %+v (-want +got):\n%s", s.Rows, s.Calls, diff)
	}
}
