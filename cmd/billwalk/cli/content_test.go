package cli

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline/douyin/sandbox"
)

// TestContentFaults: answers whose content is not as documented are published as the
// truth has them: amounts with a minus NULL, names mended, an exception for each; and
// verify proves it.
func TestContentFaults(t *testing.T) {
	t.Parallel()
	requireDuckDB(t)
	faults, err := sandbox.ParseFaults("bom,cut-text,half-escape,minus")
	if err != nil {
		t.Fatal(err)
	}
	world := testWorld(5, 60)
	world.Faults = faults
	platform := serve(t, world)
	lake := folderLake(t)
	config := job{lake: lake, platform: platform.url, accounts: platform.Accounts(), qps: 2000, trade: 2000, lookback: window, passes: 2}.write(t)
	billwalk(t, config, "run", "nightly", "--from", firstDay.String(), "--to", lastDay.String())
	checkLake(t, lake, platform, firstDay, lastDay)
	checkExceptions(t, lake, platform)
	checkVerdicts(t, lake, platform, firstDay, lastDay, time.Now())
	checkInvariants(t, lake, true)
	checkProven(t, config, firstDay, lastDay)

	var want, got []string
	raised := make(map[string]int)
	for _, row := range platform.Truth(platform.Accounts(), firstDay, lastDay) {
		want = append(want, fmt.Sprintf("%s %q", row.LedgerID, row.GroupName))
		for _, rule := range row.Exceptions {
			raised[rule]++
		}
	}
	if raised[sandbox.BadText] == 0 || raised[sandbox.NegativeAmount] == 0 {
		t.Fatalf("the truth has %v: nothing is tested", raised)
	}
	type name struct{ Ledger, Name string }
	for _, n := range duckDB[name](t, "SELECT ledger_id AS Ledger, coalesce(group_name, '') AS Name FROM '"+lake.sql+"/bills/*/*.parquet'") {
		got = append(got, fmt.Sprintf("%s %q", n.Ledger, n.Name))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-true +published):\n%s", diff)
	}
}
