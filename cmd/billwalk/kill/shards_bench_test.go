package kill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// spent is what the processes of a night took together.
type spent struct {
	processors, wall time.Duration
	calls            int64
}

// median returns the median of each of what several nights took.
func median(all []spent) (m spent) {
	middle := func(of func(spent) time.Duration) time.Duration {
		var values []time.Duration
		for _, s := range all {
			values = append(values, of(s))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	m.processors, m.wall = middle(func(s spent) time.Duration { return s.processors }), middle(func(s spent) time.Duration { return s.wall })
	m.calls = all[0].calls
	return m
}

// BenchmarkShards has two nights made by 1, 2, 4 and 8 processes at the same rate together, on a
// small and on a large platform. It prints the time of processors that all of them took, without
// the platform's: what a call costs, by the difference of the two, and what is left, which a night
// of any length costs. In the second night the shards know how large their accounts are. What else
// the machine does changes all that: the counts take turns, so that it does the same to each, the
// medians of the rounds count, and a busy machine says little of the wall time.
//
//	go test ./cmd/billwalk/kill -run '^$' -bench '^BenchmarkShards$' -benchtime 3x -timeout 60m
func BenchmarkShards(b *testing.B) {
	const qps, nights = 1000, 2
	type one struct{ bills, count, night int }
	took := make(map[one][]spent)
	sizes, counts := [2]int{50, 400}, []int{1, 2, 4, 8}
	binary := billwalktest.Build(b)
	for b.Loop() {
		for _, bills := range sizes {
			platform := billwalktest.StartServing(sandbox.New(sandbox.Config{Seed: 1, Accounts: 32, Bills: bills, Healthy: true}))
			for _, count := range counts {
				config := billwalktest.Job{
					Lake: billwalktest.FolderLake(b), Buckets: shardBuckets, Platform: platform.URL, Accounts: platform.Accounts(), QPS: qps, Trade: qps, Lookback: 2, Passes: 2, Report: true,
				}.Write(b)
				for night := range nights {
					day := billwalktest.FirstDay + schema.Day(night)
					all := one{bills, count, night}
					took[all] = append(took[all], runTogether(b, count, binary, "run", "nightly", "--config", config, "--output", "json", "--from", day.String()))
				}
			}
			platform.Stop()
		}
	}
	var alone [nights]time.Duration // what a call costs
	for night := range nights {
		for _, count := range counts {
			small, large := median(took[one{sizes[0], count, night}]), median(took[one{sizes[1], count, night}])
			call := (large.processors - small.processors) / time.Duration(large.calls-small.calls)
			fixed := small.processors - call*time.Duration(small.calls)
			if count == 1 {
				alone[night] = call
			}
			wall := large.wall.Seconds() / median(took[one{sizes[1], 1, night}]).wall.Seconds()
			b.Logf("%d processes, night %d: %.2f s of processors for %d calls, %.2f s for %d: %v a call and %v; %.1f s",
				count, night+1, small.processors.Seconds(), small.calls, large.processors.Seconds(), large.calls, call, fixed.Round(time.Millisecond), large.wall.Seconds())
			b.ReportMetric(float64(call)/float64(alone[night]), fmt.Sprintf("call:%d/1,night-%d", count, night+1))
			b.ReportMetric(fixed.Seconds()*1000/float64(count), fmt.Sprintf("ms/process:%d,night-%d", count, night+1))
			b.ReportMetric(wall, fmt.Sprintf("wall:%d/1,night-%d", count, night+1))
		}
	}
}

// runTogether runs the program in so many processes side by side.
func runTogether(b *testing.B, count int, binary string, args ...string) (s spent) {
	b.Helper()
	began := time.Now()
	processes, printed := make([]*exec.Cmd, count), make([]bytes.Buffer, count)
	for i := range processes {
		processes[i] = exec.Command(binary, args...)
		if count > 1 {
			processes[i].Args = append(processes[i].Args, "--shard", fmt.Sprintf("%d/%d", i, count))
		}
		processes[i].Stdout = &printed[i]
		if err := processes[i].Start(); err != nil {
			b.Fatal(err)
		}
	}
	for i, p := range processes {
		if err := p.Wait(); err != nil {
			b.Fatalf("%v: %s", err, printed[i].String())
		}
		var summary pipeline.Summary
		if err := json.Unmarshal(printed[i].Bytes(), &summary); err != nil {
			b.Fatal(err)
		}
		s.processors += p.ProcessState.UserTime() + p.ProcessState.SystemTime()
		s.calls += summary.Calls.Bills + summary.Calls.Settlements
	}
	s.wall = time.Since(began)
	return s
}
