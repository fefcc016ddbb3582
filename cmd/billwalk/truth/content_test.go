package truth

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline/douyin/sandbox"
)

// TestContentFaults: answers whose content is not as documented are published as the
// truth has them: amounts with a minus NULL, names mended, an exception for each; and
// verify proves it.
func TestContentFaults(t *testing.T) {
	t.Parallel()
	billwalktest.RequireDuckDB(t)
	faults, err := sandbox.ParseFaults("bom,cut-text,half-escape,minus")
	if err != nil {
		t.Fatal(err)
	}
	world := billwalktest.World(5, 60)
	world.Faults = faults
	platform := billwalktest.Serve(t, world)
	lake := billwalktest.FolderLake(t)
	config := billwalktest.Job{Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback, Passes: 2}.Write(t)
	billwalktest.Run(t, config, "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
	billwalktest.CheckLake(t, lake, platform, billwalktest.FirstDay, billwalktest.LastDay)
	billwalktest.CheckExceptions(t, lake, platform)
	billwalktest.CheckVerdicts(t, lake, platform, billwalktest.FirstDay, billwalktest.LastDay, time.Now())
	billwalktest.CheckInvariants(t, lake, true)
	billwalktest.CheckProven(t, config, billwalktest.FirstDay, billwalktest.LastDay)

	var want, got []string
	raised := make(map[string]int)
	for _, row := range platform.Truth(platform.Accounts(), billwalktest.FirstDay, billwalktest.LastDay) {
		want = append(want, fmt.Sprintf("%s %q", row.LedgerID, row.GroupName))
		for _, rule := range row.Exceptions {
			raised[rule]++
		}
	}
	if raised[sandbox.BadText] == 0 || raised[sandbox.NegativeAmount] == 0 {
		t.Fatalf("the truth has %v: nothing is tested", raised)
	}
	type name struct{ Ledger, Name string }
	for _, n := range billwalktest.DuckDB[name](t, "SELECT ledger_id AS Ledger, coalesce(group_name, '') AS Name FROM '"+lake.SQL+"/bills/*/*.parquet'") {
		got = append(got, fmt.Sprintf("%s %q", n.Ledger, n.Name))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-true +published):\n%s", diff)
	}
}
