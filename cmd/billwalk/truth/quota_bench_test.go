package truth

import (
	"fmt"
	"os"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// atCap is a run at its limit: so many days of the unequal accounts.
type atCap struct {
	qps     int
	latency time.Duration
	days    int
}

// The longest chain of pages takes its latency for each, whatever the limit is: where
// that is more than the ideal, as at 1,000 per second and 200 ms, it is what is measured.
var (
	quotaTable = []atCap{{50, 20 * time.Millisecond, 1}, {200, 50 * time.Millisecond, 2}, {1000, 5 * time.Millisecond, 8}}
	quotaMore  = []atCap{
		{5, 5 * time.Millisecond, 1}, {5, 200 * time.Millisecond, 1}, {50, 5 * time.Millisecond, 1}, {50, 200 * time.Millisecond, 2},
		{200, 5 * time.Millisecond, 4}, {200, 200 * time.Millisecond, 6}, {1000, 50 * time.Millisecond, 15}, {1000, 200 * time.Millisecond, 30},
	}
)

// BenchmarkRunAtCap measures whole runs against what their limiter allows: 200 very
// unequal accounts, whose sizes an earlier night has shown, at several limits and
// latencies. It prints wall time over calls ÷ qps, the same of the time from the first
// call to the last, the time of the longest chain of pages over calls ÷ qps, and the most
// requests that arrived within any second. With BILLWALK_QUOTA=all the table is larger,
// and takes 15 minutes.
func BenchmarkRunAtCap(b *testing.B) {
	config := sandbox.Config{Seed: 1, Accounts: 200, Bills: 25, Unequal: true, Healthy: true}
	platform := sandbox.New(config)
	j := billwalktest.Job{Lake: billwalktest.FolderLake(b), Accounts: platform.Accounts(), QPS: 100_000, Passes: 1, PageSize: 5}
	day := billwalktest.FirstDay - 120
	run := func(config sandbox.Config, qps float64, days int) (pipeline.Summary, time.Duration, *billwalktest.Served) {
		served := billwalktest.StartServing(sandbox.New(config))
		defer served.Stop()
		j.Platform, j.QPS = served.URL, qps
		path := j.Write(b)
		began := time.Now()
		s, _ := billwalktest.Run(b, path, "run", "nightly", "--from", day.String(), "--to", (day + schema.Day(days-1)).String())
		if s.ExitCode != pipeline.ExitDone {
			b.Fatalf("exit %d", s.ExitCode)
		}
		day += schema.Day(days)
		return s, time.Since(began), served
	}
	run(config, 100_000, 1)
	table := quotaTable
	if os.Getenv("BILLWALK_QUOTA") == "all" {
		table = append(table, quotaMore...)
	}
	for _, at := range table {
		b.Run(fmt.Sprintf("%d/s,%v", at.qps, at.latency), func(b *testing.B) {
			for b.Loop() {
				slow := config
				slow.Latency = at.latency
				s, wall, served := run(slow, float64(at.qps), at.days)
				ideal := float64(s.Calls.Bills) / float64(at.qps)
				b.ReportMetric(float64(s.Calls.Bills), "calls")
				b.ReportMetric(wall.Seconds()/ideal, "wall/ideal")
				b.ReportMetric(s.Seconds.Asking/ideal, "asking/ideal")
				b.ReportMetric(float64(longestChain(served.Requests()))*at.latency.Seconds()/ideal, "chain/ideal")
				b.ReportMetric(float64(served.Stats().Busiest[sandbox.BillsAPI]), "busiest-second")
				b.ReportMetric(s.Seconds.Before, "before-s")
				b.ReportMetric(s.Seconds.After, "after-s")
			}
		})
	}
}

// longestChain returns the most pages of an account on a day.
func longestChain(requests []sandbox.Request) (longest int) {
	pages := make(map[string]int)
	for _, r := range requests {
		if r.API == sandbox.BillsAPI {
			pages[r.Account+r.Day]++
			longest = max(longest, pages[r.Account+r.Day])
		}
	}
	return longest
}
