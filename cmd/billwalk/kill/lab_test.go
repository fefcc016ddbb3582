package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// killLab is what the runs of the suite share.
type killLab struct {
	binary   string
	s3       objecttest.S3
	world    sandbox.Config
	accounts []schema.Account
	probe    string        // what a lake named "probed" keeps of its probe
	turns    chan struct{} // one for each that runs
}

// newKillLab builds the program with its crash points, and chooses a world.
func newKillLab(t *testing.T) *killLab {
	lab := &killLab{s3: objecttest.StartS3(t), binary: buildCrashing(t), world: billwalktest.World(4, 9), turns: make(chan struct{}, killsAtATime)}
	shared := http.DefaultTransport.(*http.Transport).Clone() // of hundreds of stores: a server has only so many connections
	t.Cleanup(shared.CloseIdleConnections)
	lab.s3.Options.Transport = func(http.RoundTripper) http.RoundTripper { return shared }
	lab.world.Withdrawals = true
	var err error
	if lab.world.Breaks, err = sandbox.ParseBreaks("all"); err != nil {
		t.Fatal(err)
	}
	at := billwalktest.Now()
	lab.world.Now = func() time.Time { return at } // what is settled when is part of the world
	platform := sandbox.New(lab.world)
	for _, a := range platform.Accounts() {
		u := schema.Unit{Account: a, Day: billwalktest.FirstDay}
		_, gone := platform.Unavailable(u)
		_, lost := platform.Lost(u)
		if !gone && !lost && !platform.Unauthorised(a) && len(lab.accounts) < 2 {
			lab.accounts = append(lab.accounts, a)
		}
	}
	store := lab.night(t, "probed", false).store(t)
	if _, err := object.EnsureProbed(t.Context(), store, at, nil); err != nil {
		t.Fatal(err)
	}
	data, _, err := object.ReadAll(t.Context(), store, probeKey)
	if err != nil {
		t.Fatal(err)
	}
	lab.probe = string(data)
	return lab
}

// buildCrashing builds the program with its crash points, and with the tests' clock.
func buildCrashing(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "billwalk") // by which name it is the program
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "crash", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	return binary
}

const probeKey = "_control/probe.json"

// killNight is one lake and its own platform, and the runs over them. What is probed
// is not probed again by a run.
type killNight struct {
	*killLab
	place    billwalktest.Place
	platform *billwalktest.Served
	config   string
}

func (lab *killLab) night(t *testing.T, name string, probed bool) *killNight {
	t.Helper()
	n := &killNight{killLab: lab, place: billwalktest.BucketLake(lab.s3, name), platform: billwalktest.Serve(t, lab.world)}
	if probed {
		probe := strings.ReplaceAll(lab.probe, "/probed/", "/"+name+"/")
		if _, err := n.store(t).Put(t.Context(), probeKey, strings.NewReader(probe), object.IfAbsent(), nil); err != nil {
			t.Fatal(err)
		}
	}
	n.hear(t)
	n.config = billwalktest.Job{
		Lake: n.place, Platform: n.platform.URL, Accounts: lab.accounts,
		QPS: 5000, Trade: 5000, Lookback: 1, Passes: 2, PageSize: 4, Extra: "    withdrawals: {}\n    stores: true\n",
	}.Write(t)
	return n
}

// hear files the callbacks of the day, as the receiver does.
func (n *killNight) hear(t *testing.T) {
	t.Helper()
	a := archive.New(n.store(t))
	var lines []byte
	for c := range n.platform.Callbacks(billwalktest.FirstDay, billwalktest.FirstDay, n.world.Now()) {
		line, err := a.EncodeCallback(schema.Callback{App: "trade", ReceivedAt: c.SettleTime.Add(time.Second), Scheme: schema.SignedRSA, Body: c.Body})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line...)
	}
	if err := a.AppendCallbacks(t.Context(), billwalktest.FirstDay, "01ARZ3NDEKTSV4RRFFQ69G5FAV", lines); err != nil || len(lines) == 0 {
		t.Fatal(err, len(lines))
	}
}

// run runs the program in a process of its own, and returns its remote operations.
func (n *killNight) run(t *testing.T, crash string) (s pipeline.Summary, operations []string, status syscall.WaitStatus) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, n.binary, "--config", n.config, "--output", "json", "run", "nightly", "--from", billwalktest.FirstDay.String())
	run.Env = append(os.Environ(), "BILLWALK_CRASH_TRACE="+trace, crash)
	var out, log bytes.Buffer
	run.Stdout, run.Stderr = &out, &log
	_ = run.Run() // what it returns, the status says
	status = run.ProcessState.Sys().(syscall.WaitStatus)
	if ctx.Err() != nil || status.Exited() && (json.Unmarshal(out.Bytes(), &s) != nil || status.ExitStatus() != pipeline.ExitDone) {
		t.Fatalf("%s: exit %d, %v\n%s%s", crash, status.ExitStatus(), ctx.Err(), out.String(), log.String())
	}
	lines, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return s, strings.Split(strings.TrimSpace(string(lines)), "\n"), status
}

// killed is a run that dies at operation k, which it returns.
func (n *killNight) killed(t *testing.T, when string, k int) string {
	t.Helper()
	name := map[string]string{"before": "BILLWALK_CRASH_AT", "after": "BILLWALK_CRASH_AFTER"}[when]
	_, operations, status := n.run(t, fmt.Sprintf("%s=%d", name, k))
	if !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the run was not killed %s operation %d of %d: exit %d", when, k, len(operations), status.ExitStatus())
	}
	return operations[k-1]
}

// whole is a run that ends by itself although operation k would kill it. It
// returns its operations.
func (n *killNight) whole(t *testing.T, k int) []string {
	t.Helper()
	crash := "BILLWALK_CRASH_AT="
	if k > 0 {
		crash += fmt.Sprint(k)
	}
	_, operations, status := n.run(t, crash)
	if status.Signaled() {
		t.Fatalf("%s: the run was killed at %s", crash, operations[len(operations)-1])
	}
	return operations
}

func (n *killNight) store(t *testing.T) object.Store {
	t.Helper()
	store, err := object.Open(t.Context(), n.place.URL, n.place.Options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// asked counts the requests for bills and settlements, by what they asked.
func (n *killNight) asked() map[sandbox.Request]int {
	requests := make(map[sandbox.Request]int)
	for _, r := range n.platform.Requests() {
		if r.API != sandbox.TokenAPI {
			r.At = time.Time{}
			requests[r]++
		}
	}
	return requests
}
