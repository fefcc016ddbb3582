package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object/objecttest"
)

// TestUnsteadyPlatform: a night on which a fifth, or half, of all calls of both APIs
// meet a fault, of every passing kind at once, ends with 0 and with the truth. It
// takes longer by what has to be asked again; only what the platform calls too many
// requests slows it down, as it should.
func TestUnsteadyPlatform(t *testing.T) {
	t.Parallel()
	var steady time.Duration
	for _, row := range []struct {
		percent int
		faults  string
		most    time.Duration // of steady's minutes
		more    time.Duration // one slow answer takes the whole timeout, several wait for it side by side
	}{
		{0, "", 100, 0},
		{20, withoutThrottling(), 120, time.Minute}, {50, withoutThrottling(), 150, 2 * time.Minute},
		{20, "passing", 120, 5 * time.Minute}, {50, "passing", 150, 20 * time.Minute},
	} {
		t.Run(fmt.Sprintf("%d percent of %.9s", row.percent, row.faults), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wakeUp()
				n := newUnsteadyNight(t, row.percent, row.faults)
				s := n.run()
				calls, took := s.Calls.Bills+s.Calls.Settlements, time.Duration(s.ElapsedSeconds*float64(time.Second))
				t.Logf("%d calls, of which %d repeat another and %d were throttled, in %v", calls, s.Calls.Retries, s.Calls.Throttled, took.Round(time.Second))
				if s.ExitCode != pipeline.ExitDone {
					t.Fatalf("exit %d: %+v", s.ExitCode, s.Failures)
				}
				n.check(s)
				if row.percent == 0 {
					steady = took
				} else if struck := n.struck(); struck*100 < int(calls-s.Calls.Retries)*row.percent*8/10 {
					t.Errorf("%d faults struck", struck)
				}
				if latest := steady*row.most/100 + row.more; took > latest {
					t.Errorf("took %v, want at most %v", took, latest)
				}
			})
		})
	}
}

// withoutThrottling names the passing faults that are not "too many requests".
func withoutThrottling() string {
	all, _ := sandbox.ParseFaults("passing")
	return strings.Join(slices.DeleteFunc(all.Names(), func(name string) bool {
		return slices.Contains([]string{"2119003", "28003018", "12001", "http429"}, name)
	}), ",")
}

// unsteadyNight is a night in a bubble, on a sandbox without sockets.
type unsteadyNight struct {
	*testing.T
	platform *sandbox.Platform
	oracle   *oracle
	job      *cli.Job
}

func newUnsteadyNight(t *testing.T, percent int, faults string) *unsteadyNight {
	t.Helper()
	world := billwalktest.World(7, 80)
	world.Healthy, world.Now, world.Latency, world.Stall = true, time.Now, 80*time.Millisecond, 40*time.Second
	world.Passing = percent
	world.Faults, _ = sandbox.ParseFaults(faults)
	n := &unsteadyNight{T: t, platform: sandbox.New(world)}
	yesterday := schema.DayOf(firstMorning) - 1
	st := &story{
		world: sandbox.Config{Healthy: true}, accounts: n.platform.Accounts(), last: plannedRun{from: yesterday, to: yesterday},
		job: simJob{pageSize: 20, passes: 2, buckets: 1, settlements: true},
	}
	store := objecttest.NewMem()
	n.oracle = &oracle{simulation: &simulation{story: st, store: store, platform: &shifting{Platform: n.platform, story: st, truth: make(map[schema.Day][]trueRow)}}}
	file := st.file()
	for name, app := range file.Apps {
		app.QPS, app.ClientKey, app.ClientSecret = 10, "key", world.ClientSecret
		if name == "trade" {
			app.ClientKey, app.ClientSecret = world.TradeKey, world.TradeSecret
		}
		file.Apps[name] = app
	}
	setup := cli.Setup{Now: time.Now, Store: store, Client: []douyin.Option{douyin.WithTransport(handled{n.platform})}}
	var err error
	if n.job, err = setup.Wire(t.Context(), file, "nightly", true); err != nil {
		t.Fatal(err)
	}
	r := n.job.Run
	r.From, r.To = yesterday, yesterday
	return n
}

func (n *unsteadyNight) run() *pipeline.Summary {
	n.Helper()
	s, err := n.job.Do(n.Context())
	n.job.Close()
	if err != nil {
		n.Fatal(err)
	}
	return s
}

// check compares what was published with what the platform has.
func (n *unsteadyNight) check(s *pipeline.Summary) {
	n.Helper()
	day := n.job.Run.To
	want, got := map[string]int{}, map[string]int{}
	for _, row := range n.oracle.platform.rows(day) {
		want[row.text]++
	}
	m := n.oracle.manifestOf(day, 0)
	n.oracle.bills(m, got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 400 {
		n.Errorf("%d bills (-truth +lake):\n%.2000s", len(want), diff)
	}
	n.oracle.groups(m)
	n.oracle.verdicts(day)
	for _, complaint := range n.oracle.complaints {
		n.Error(complaint)
	}
	if s.Settling.Unanswered != 0 || s.Settling.Answered < 400 {
		n.Errorf("%+v", s.Settling)
	}
}

func (n *unsteadyNight) struck() (struck int) {
	for _, times := range n.platform.Stats().Faults {
		struck += times
	}
	return struck
}

// handled is the network to a handler. Connections that it breaks are broken.
type handled struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	out := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	broken := h.serve(out, r)
	switch {
	case r.Context().Err() != nil:
		return nil, r.Context().Err()
	case broken && out.Body.Len() == 0:
		return nil, errNetwork
	}
	res := out.Result()
	if broken {
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(out.Body.Bytes()), brokenReader{}))
	}
	return res, nil
}

func (h handled) serve(w http.ResponseWriter, r *http.Request) (broken bool) {
	defer func() {
		if caught := recover(); caught != nil {
			if err, ok := caught.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(caught)
			}
			broken = true
		}
	}()
	h.ServeHTTP(w, r)
	return false
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
