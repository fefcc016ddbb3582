package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
)

// readingVerbs read a published day, and ask nobody.
var readingVerbs = map[string][]string{
	"status": {"status", "nightly"}, "plan": {"plan", "nightly", "--from", billwalktest.FirstDay.String()},
	"verify": {"verify", "nightly", "--from", billwalktest.FirstDay.String()}, "replay": {"replay", "nightly", "--from", billwalktest.FirstDay.String()},
}

// finished is what became of a process.
type finished struct {
	said   string // on both outputs
	exit   int
	memory int64 // its peak, in bytes
	took   time.Duration
}

// runFor runs billwalk, and sends it SIGTERM after that time (0: never).
func runFor(t *testing.T, stop time.Duration, args ...string) finished {
	t.Helper()
	var said bytes.Buffer
	peak := filepath.Join(t.TempDir(), "peak")
	cmd := exec.Command("billwalk-measured", args...)
	cmd.Env = append(os.Environ(), "BILLWALK_PEAK="+peak)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(billwalktest.StopTime+stop, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	if stop > 0 {
		defer time.AfterFunc(stop, func() { _ = cmd.Process.Signal(syscall.SIGTERM) }).Stop()
	}
	began := time.Now()
	_ = cmd.Wait() // what it returns, the state says
	took := time.Since(began)
	return finished{said.String(), cmd.ProcessState.ExitCode(), readPeak(t, peak), took}
}

// measuredMain is billwalk, which writes its own peak of memory into a file. What the
// kernel reports to a parent (maxrss) is at least the parent's own memory at the start.
func measuredMain() {
	debug.SetMemoryLimit(400 << 20) // as package heap does
	exit := Main(os.Args[1:], os.Stdout, os.Stderr)
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		err = os.WriteFile(os.Getenv("BILLWALK_PEAK"), status, 0o600)
	}
	if err != nil {
		panic(err)
	}
	os.Exit(exit)
}

func readPeak(t *testing.T, path string) (bytes int64) {
	t.Helper()
	status, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscanf(peak, "%d kB", &bytes); err != nil {
		t.Fatalf("no peak of memory in %s: %v", status, err)
	}
	return bytes << 10
}

// placed is a copy of the kept lake, with the path of one of its objects, which is
// removed.
func placed(t *testing.T, key string) (path, config string) {
	t.Helper()
	lake, config := billwalktest.OldLake(t, "http://127.0.0.1:1")
	path = filepath.Join(lake.SQL, key)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return path, config
}

func fixtureManifest() string {
	return "_manifests/bill_date=" + billwalktest.FirstDay.String() + "/bucket-000.json"
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
	path, config := placed(t, "bills/bill_date="+billwalktest.FirstDay.String()+"/bucket-000.parquet")
	sparse(t, path, 15<<30)
	for verb, within := range map[string]time.Duration{"status": 6 * time.Second, "verify": 6 * time.Second, "replay": billwalktest.StopTime} {
		e := runFor(t, time.Second, append(readingVerbs[verb], "--config", config)...)
		if e.exit != 143 || e.took > within {
			t.Errorf("%s: exit %d after %s\n%s", verb, e.exit, e.took, e.said)
		}
	}
}
