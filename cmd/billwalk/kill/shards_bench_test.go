package kill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
)

// spent is what the processes of a night took together.
type spent struct {
	processors, wall time.Duration
	calls            int64
}

// BenchmarkShards has a night made by 1, 2, 4 and 8 processes at the same rate together, then once
// more, and prints the time of processors that all of them took, without the platform's, and the
// wall time. What else the machine does changes both: the counts take turns, so that it does the
// same to each, and several rounds show how much.
//
//	go test ./cmd/billwalk/kill -run '^$' -bench '^BenchmarkShards$' -benchtime 3x -timeout 60m
func BenchmarkShards(b *testing.B) {
	const qps = 1000
	platform := billwalktest.StartServing(sandbox.New(sandbox.Config{Seed: 1, Accounts: 32, Bills: 200, Healthy: true}))
	defer platform.Stop()
	binary := billwalktest.Build(b)
	counts := []int{1, 2, 4, 8}
	nights := make(map[int]*[2]spent)
	rounds := 0.0
	for b.Loop() {
		rounds++
		for _, count := range counts {
			config := billwalktest.Job{
				Lake: billwalktest.FolderLake(b), Buckets: shardBuckets, Platform: platform.URL, Accounts: platform.Accounts(), QPS: qps, Trade: qps, Lookback: 2, Passes: 2, Report: true,
			}.Write(b)
			if nights[count] == nil {
				nights[count] = new([2]spent)
			}
			for night := range nights[count] {
				took := runTogether(b, count, binary, "run", "nightly", "--config", config, "--output", "json", "--from", billwalktest.FirstDay.String(), "--to", (billwalktest.FirstDay + 1).String())
				sum := &nights[count][night]
				sum.processors, sum.wall, sum.calls = sum.processors+took.processors, sum.wall+took.wall, sum.calls+took.calls
			}
		}
	}
	for _, count := range counts {
		for night, n := range nights[count] {
			one := nights[1][night]
			b.Logf("%d processes, night %d: %.2f s of processors, %.1f s, %d calls", count, night+1, n.processors.Seconds()/rounds, n.wall.Seconds()/rounds, n.calls/int64(rounds))
			b.ReportMetric(n.processors.Seconds()/one.processors.Seconds(), fmt.Sprintf("cpu:%d/1,night-%d", count, night+1))
			b.ReportMetric(n.wall.Seconds()/one.wall.Seconds(), fmt.Sprintf("wall:%d/1,night-%d", count, night+1))
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
