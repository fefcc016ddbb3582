package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
)

// BenchmarkRunAtCap measures a whole run against what its limiter allows: 20
// accounts of about 2,000 bills at 50 requests per second and 30 ms latency. It
// prints wall time over pages ÷ qps, and the most requests that the server saw
// within any second.
func BenchmarkRunAtCap(b *testing.B) {
	const qps = 50
	for b.Loop() {
		platform, err := startSandbox(b.Context(), sandbox.Config{Seed: 1, Accounts: 20, Bills: 2000, Healthy: true, Latency: 30 * time.Millisecond})
		if err != nil {
			b.Fatal(err)
		}
		j := job{lake: folderLake(b), platform: platform.url, accounts: platform.Accounts(), qps: qps, passes: 1}
		config := j.write(b)
		began := time.Now()
		s, _ := billwalk(b, config, "run", "nightly", "--from", firstDay.String())
		wall := time.Since(began)
		platform.stop()
		if s.ExitCode != pipeline.ExitDone {
			b.Fatalf("exit %d", s.ExitCode)
		}
		ideal := time.Duration(s.Calls.Bills) * time.Second / qps
		b.ReportMetric(float64(s.Calls.Bills), "pages")
		b.ReportMetric(float64(wall)/float64(ideal), "wall/ideal")
		b.ReportMetric(float64(platform.Stats().Busiest[sandbox.BillsAPI]), "busiest-second")
	}
}

// BenchmarkMillionBills runs the built program over a day of a million bills,
// without a limiter, and prints its peak memory, which has to stay below what
// deploy/ allows.
func BenchmarkMillionBills(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "billwalk")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	for b.Loop() {
		platform, err := startSandbox(b.Context(), sandbox.Config{Seed: 1, Accounts: 23, Bills: 50_000, Healthy: true})
		if err != nil {
			b.Fatal(err)
		}
		j := job{lake: folderLake(b), platform: platform.url, accounts: platform.Accounts(), qps: 100_000, passes: 1}
		run := exec.Command(binary, "--config", j.write(b), "--output", "json", "run", "nightly", "--from", firstDay.String())
		out, err := run.Output()
		platform.stop()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		var s pipeline.Summary
		if err := json.Unmarshal(out, &s); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Rows["bills"]), "bills")
		b.ReportMetric(float64(s.Rows["bills"])/s.ElapsedSeconds, "bills/s")
		peak := run.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
		b.ReportMetric(float64(peak), "peak-MiB")
		if peak >= 512 {
			b.Errorf("peak memory is %d MiB, the limit is 512", peak)
		}
	}
}
