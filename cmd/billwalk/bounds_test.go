package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// readingVerbs read a published day, and ask nobody.
var readingVerbs = map[string][]string{
	"status": {"status", "nightly"}, "plan": {"plan", "nightly", "--from", firstDay.String()},
	"verify": {"verify", "nightly", "--from", firstDay.String()}, "replay": {"replay", "nightly", "--from", firstDay.String()},
}

// finished is what became of a process.
type finished struct {
	said   string // on both outputs
	exit   int
	memory int64 // its peak, in bytes
	took   time.Duration
}

// runFor runs billwalk, and tells it to stop after that time (0: never).
func runFor(t *testing.T, stop time.Duration, args ...string) finished {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command("billwalk", args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(mostStopping+stop, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if stop > 0 {
		defer time.AfterFunc(stop, func() { _ = cmd.Process.Signal(syscall.SIGTERM) }).Stop()
	}
	began := time.Now()
	_ = cmd.Wait() // what it returns, the state says
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return finished{said.String(), cmd.ProcessState.ExitCode(), usage.Maxrss << 10, time.Since(began)}
}

// placed is a copy of the kept lake, with the path of one of its objects, which is
// removed.
func placed(t *testing.T, key string) (path, config string) {
	t.Helper()
	lake, config := fixture(t, "http://127.0.0.1:1")
	path = filepath.Join(lake.sql, key)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return path, config
}

func fixtureManifest() string {
	return "_manifests/bill_date=" + firstDay.String() + "/bucket-000.json"
}

func sparse(t *testing.T, path string, bytes int64) {
	t.Helper()
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, bytes); err != nil {
		t.Skipf("no sparse files here: %v", err)
	}
}

// TestHugeManifest: a manifest of 1.5 GB is an error that names it, and takes no memory.
func TestHugeManifest(t *testing.T) {
	t.Parallel()
	path, config := placed(t, fixtureManifest())
	sparse(t, path, 1536<<20)
	for verb, args := range readingVerbs {
		e := runFor(t, 0, append(args, "--config", config)...)
		if e.exit != 1 && e.exit != 3 || !strings.Contains(e.said, fixtureManifest()) || !strings.Contains(e.said, "too large") || !strings.Contains(e.said, "1610612736") {
			t.Errorf("%s: exit %d\n%s", verb, e.exit, e.said)
		}
		if e.memory > 200<<20 {
			t.Errorf("%s: %d MiB of memory", verb, e.memory>>20)
		}
	}
}

// TestManifestIsAFIFO: nothing waits for it.
func TestManifestIsAFIFO(t *testing.T) {
	t.Parallel()
	path, config := placed(t, fixtureManifest())
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no FIFOs here: %v", err)
	}
	for verb, args := range readingVerbs {
		e := runFor(t, 0, append(args, "--config", config)...)
		if e.exit != 1 && e.exit != 3 || !strings.Contains(e.said, fixtureManifest()) || !strings.Contains(e.said, "a FIFO") {
			t.Errorf("%s: exit %d after %s\n%s", verb, e.exit, e.took, e.said)
		}
	}
}

// TestStoppedWhileReading: whoever reads 15 GB, within what a file may have, stops
// when told to; a replay has its 12 seconds of grace.
func TestStoppedWhileReading(t *testing.T) {
	t.Parallel()
	path, config := placed(t, "bills/bill_date="+firstDay.String()+"/bucket-000.parquet")
	sparse(t, path, 15<<30)
	for verb, within := range map[string]time.Duration{"status": 6 * time.Second, "verify": 6 * time.Second, "replay": mostStopping} {
		e := runFor(t, time.Second, append(readingVerbs[verb], "--config", config)...)
		if e.exit != 143 || e.took > within {
			t.Errorf("%s: exit %d after %s\n%s", verb, e.exit, e.took, e.said)
		}
	}
}
