package kill

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin/sandbox"
)

// process is billwalk in a process of its own.
type process struct {
	*exec.Cmd
	out, log *bufio.Reader
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command("billwalk", args...)}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out, p.log = bufio.NewReader(out), bufio.NewReader(log)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() }) // both fail where it has ended
	return p
}

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// end waits for the process and returns the rest of what it printed.
func (p *process) end(t *testing.T) (out string, status syscall.WaitStatus) {
	t.Helper()
	kill := time.AfterFunc(billwalktest.StopTime, func() { _ = p.Process.Kill() })
	defer kill.Stop()
	var rest bytes.Buffer
	logged := make(chan struct{})
	go func() { defer close(logged); _, _ = io.Copy(io.Discard, p.log) }()
	if _, err := rest.ReadFrom(p.out); err != nil {
		t.Fatal(err)
	}
	<-logged
	_ = p.Wait() // what it returns, the status says
	return rest.String(), p.ProcessState.Sys().(syscall.WaitStatus)
}

// gate serves a platform and closes reached when it is asked for the n-th page.
func gate(t *testing.T, platform http.Handler, n int64) (url string, reached <-chan struct{}) {
	asked, opened := new(atomic.Int64), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "catering_query") && asked.Add(1) == n {
			close(opened)
		}
		platform.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, opened
}

func wait(t *testing.T, reached <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), billwalktest.StopTime)
	defer cancel()
	select {
	case <-reached:
	case <-ctx.Done():
		t.Fatal("the run did not get as far as it should")
	}
}

// TestSignals: a run that gets a signal keeps what it has, says so, and ends with
// the signal's code; run again, it asks for the rest.
func TestSignals(t *testing.T) {
	t.Parallel()
	for signal, code := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 130} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			platform := &billwalktest.Served{Platform: sandbox.New(sandbox.Config{Seed: 2, Accounts: 4, Bills: 500, Healthy: true, Latency: 100 * time.Millisecond})}
			url, reached := gate(t, platform, 40)
			lake := billwalktest.FolderLake(t)
			config := billwalktest.Job{Lake: lake, Platform: url, Accounts: platform.Accounts(), QPS: 500}.Write(t)
			days := []string{"nightly", "--from", billwalktest.FirstDay.String(), "--to", billwalktest.LastDay.String()}

			first := start(t, append([]string{"run", "--config", config, "--output", "json"}, days...)...)
			wait(t, reached)
			first.signal(t, signal)
			out, status := first.end(t)
			if status.ExitStatus() != code {
				t.Fatalf("exit %d (signal %v), want %d", status.ExitStatus(), status.Signal(), code)
			}
			var s pipeline.Summary
			if err := json.Unmarshal([]byte(out), &s); err != nil || s.ExitCode != code {
				t.Errorf("the summary says %d, %v", s.ExitCode, err)
			}

			second, _ := billwalktest.Run(t, config, append([]string{"run"}, days...)...)
			whole := int64(0)
			for _, pages := range billwalktest.PagesOf(platform) {
				whole += int64(pages)
			}
			if second.ExitCode != pipeline.ExitDone || s.Calls.Bills < 40 || s.Calls.Bills+second.Calls.Bills != whole {
				t.Errorf("exit %d, %d calls after %d, want %d together: nothing is asked twice", second.ExitCode, second.Calls.Bills, s.Calls.Bills, whole)
			}
		})
	}
}

// TestSecondSignalKills: whoever cannot wait for the answer in flight need not.
func TestSecondSignalKills(t *testing.T) {
	t.Parallel()
	platform := sandbox.New(sandbox.Config{Accounts: 1, Healthy: true})
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "catering_query") {
			asked <- struct{}{}
			<-r.Context().Done() // never answered
			return
		}
		platform.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	config := billwalktest.Job{Lake: billwalktest.FolderLake(t), Platform: server.URL, Accounts: platform.Accounts(), QPS: 50}.Write(t)
	p := start(t, "run", "nightly", "--config", config, "--from", billwalktest.FirstDay.String())
	wait(t, asked)
	p.signal(t, syscall.SIGTERM)
	for {
		line, err := p.log.ReadString('\n')
		if err != nil {
			t.Fatalf("the log ends before it says that the signal was heard: %v", err)
		}
		if strings.Contains(line, `"msg":"stopping: `) {
			break
		}
	}
	p.signal(t, syscall.SIGTERM)
	if _, status := p.end(t); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("exit %d, killed %t: want the second signal to kill", status.ExitStatus(), status.Signaled())
	}
}

// TestSandboxVerb: the sandbox serves where it says, until it gets a signal.
func TestSandboxVerb(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, "sandbox", "--addr", "127.0.0.1:0", "--seed", "7", "--accounts", "2", "--bills", "10")
		line, err := p.out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		url, _, _ := strings.Cut(strings.TrimPrefix(line, "The sandbox platform serves at "), ";")
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		answer, err := client.Get(url + "/sandbox/accounts")
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var accounts []any
		if err := json.NewDecoder(answer.Body).Decode(&accounts); err != nil || len(accounts) != 2 {
			t.Errorf("%d accounts, %v", len(accounts), err)
		}
		_ = answer.Body.Close()
		p.signal(t, signal)
		if out, status := p.end(t); status.ExitStatus() != 0 || out != "" {
			t.Errorf("%s: exit %d, and more output: %q", signal, status.ExitStatus(), out)
		}
	}
}
