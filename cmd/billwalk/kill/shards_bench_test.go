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

// shape is what a platform asks of the processes of a night.
type shape struct {
	accounts int
	bills    [2]int // of an account in the mean: of a small and of a large platform
	unequal  bool   // the accounts, of which nothing is known in the first night
	nights   int
	job      billwalktest.Job
}

// BenchmarkShards has nights made by 1, 2, 4 and 8 processes at the same rate together, on a
// small and on a large platform. It prints the wall time of the large one and the time of processors
// that all took for it, without the platform's, each beside one process's, of which both should be
// within 10 percent; then what one more call costs, by the difference of the two platforms, and what
// is left, which a night of any length costs. In the second night the shards know how large their accounts are. What else
// the machine does changes all that: the counts take turns, so that it does the same to each, the
// medians of the rounds count, and a busy machine says little of the wall time.
//
// There are nights of small answers, nearly all of which are of the settle query, and nights of
// whole pages of bills of very unequal accounts, which take the processors much longer than to be
// woken for them.
//
//	go test ./cmd/billwalk/kill -run '^$' -bench '^BenchmarkShards$' -benchtime 3x -timeout 60m
func BenchmarkShards(b *testing.B) {
	const qps, pages = 1000, 300
	binary := billwalktest.Build(b)
	b.Run("small answers", func(b *testing.B) {
		shape{32, [2]int{50, 400}, false, 2, billwalktest.Job{QPS: qps, Trade: qps, Lookback: 2, Passes: 2, Report: true}}.bench(b, binary)
	})
	b.Run("whole pages", func(b *testing.B) {
		shape{200, [2]int{400, 4_000}, true, 2, billwalktest.Job{QPS: pages, Report: true}}.bench(b, binary)
	})
}

func (s shape) bench(b *testing.B, binary string) {
	type key struct{ bills, count, night int }
	took := make(map[key][]spent)
	counts := []int{1, 2, 4, 8}
	for b.Loop() {
		for _, bills := range s.bills {
			platform := billwalktest.StartServing(sandbox.New(sandbox.Config{Seed: 1, Accounts: s.accounts, Bills: bills, Unequal: s.unequal, Healthy: true}))
			for _, count := range counts {
				job := s.job
				job.Lake, job.Buckets, job.Platform, job.Accounts = billwalktest.FolderLake(b), shardBuckets, platform.URL, platform.Accounts()
				config := job.Write(b)
				for night := range s.nights {
					day := billwalktest.FirstDay + schema.Day(night)
					all := key{bills, count, night}
					took[all] = append(took[all], runTogether(b, count, binary, "run", "nightly", "--config", config, "--output", "json", "--from", day.String()))
				}
			}
			platform.Stop()
		}
	}
	for night := range s.nights {
		var one result
		for _, count := range counts {
			r := compare(median(took[key{s.bills[0], count, night}]), median(took[key{s.bills[1], count, night}]))
			if count == 1 {
				one = r
			}
			b.Logf("night %d, %d processes, %d calls: wall %4.1f s, %s; processors %.2f s, %s: %3.0f µs a call, %s, and %4.0f ms a process of a night however long",
				night+1, count, r.calls, r.wall.Seconds(), beside(r.wall, one.wall), r.processors.Seconds(), beside(r.processors, one.processors),
				r.call.Seconds()*1e6, beside(r.call, one.call), r.fixed.Seconds()*1000/float64(count))
			b.ReportMetric(float64(r.wall)/float64(one.wall), fmt.Sprintf("wall:%d/1,night-%d", count, night+1))
			b.ReportMetric(float64(r.processors)/float64(one.processors), fmt.Sprintf("processors:%d/1,night-%d", count, night+1))
		}
	}
}

// result is a large night, and what it says with a small one beside it.
type result struct {
	spent
	call  time.Duration // processors for one more call
	fixed time.Duration // processors for a night without a call
}

func compare(small, large spent) result {
	call := (large.processors - small.processors) / time.Duration(large.calls-small.calls)
	return result{large, call, small.processors - call*time.Duration(small.calls)}
}

// beside says how much more something is than of one process, and whether that is within what is
// asked for. It never fails: time depends on what else the machine does.
func beside(of, one time.Duration) string {
	const most = 10 // percent
	more := (float64(of)/float64(one) - 1) * 100
	if more > most {
		return fmt.Sprintf("%+.0f %% (over %d)", more, most)
	}
	return fmt.Sprintf("%+.0f %%", more)
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
