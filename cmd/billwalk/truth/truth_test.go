package truth

import (
	"fmt"
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/sinks/object/objecttest"
)

// TestLakeEqualsTruth walks worlds of ten seeds (or a sample), planted exceptions and
// unavailable units among them, into a folder and onto S3, and has DuckDB add up
// what was published, and compare each verdict.
func TestLakeEqualsTruth(t *testing.T) {
	billwalktest.RequireDuckDB(t)
	s3 := objecttest.StartS3(t)
	for seed := range uint64(10) {
		for kind, lake := range map[string]billwalktest.Place{"folder": billwalktest.FolderLake(t), "s3": billwalktest.BucketLake(s3, fmt.Sprint("seed", seed))} {
			t.Run(fmt.Sprintf("%s/%d", kind, seed), func(t *testing.T) {
				t.Parallel()
				billwalktest.Sample(t, int(seed), 5)
				platform := billwalktest.Serve(t, billwalktest.World(seed, 30))
				j := billwalktest.Job{
					Lake: lake, Platform: platform.URL, Accounts: platform.Accounts(), QPS: 2000, Trade: 2000, Lookback: billwalktest.Lookback,
					Passes: 1 + int(seed%2), Buckets: 1 + int(seed%3)*2,
				}
				config := j.Write(t)
				s, _ := billwalktest.Run(t, config, "run", "nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String())
				billwalktest.CheckLake(t, lake, platform, billwalktest.FirstDay, billwalktest.LastDay)
				billwalktest.CheckExceptions(t, lake, platform)
				billwalktest.CheckVerdicts(t, lake, platform, billwalktest.FirstDay, billwalktest.LastDay, billwalktest.Now())
				billwalktest.CheckInvariants(t, lake, true)
				billwalktest.CheckVerdictCounts(t, lake, s.Verdicts)
				billwalktest.CheckUnits(t, platform, s.Units.Complete, s.Units.Unavailable, s.Units.Failed)
				billwalktest.CheckProven(t, config, billwalktest.FirstDay, billwalktest.LastDay)
			})
		}
	}
}
