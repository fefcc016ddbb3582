package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
	"billwalk/sinks/object"
)

// TestUnsteadyPlatform: a night on which a fifth, or half, of all calls of both APIs
// meet a fault, of every passing kind at once, ends with 0 and with the truth, and
// takes longer by what has to be asked again.
func TestUnsteadyPlatform(t *testing.T) {
	t.Parallel()
	for _, qps := range []float64{10, 200} {
		var steady time.Duration
		for _, percent := range []int{0, 20, 50} {
			t.Run(fmt.Sprintf("%g per second, %d percent", qps, percent), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newUnsteadyNight(t, qps, percent)
					s := n.run()
					calls, took := s.Calls.Bills+s.Calls.Settlements, time.Duration(s.ElapsedSeconds*float64(time.Second))
					t.Logf("%d calls, of which %d repeat another and %d were throttled, in %v", calls, s.Calls.Retries, s.Calls.Throttled, took.Round(time.Second))
					if s.ExitCode != pipeline.ExitDone {
						t.Fatalf("exit %d: %+v", s.ExitCode, s.Failures)
					}
					n.check(s)
					if percent == 0 {
						steady = took
					} else if struck := n.struck(); struck*100 < int(calls-s.Calls.Retries)*percent*8/10 {
						t.Errorf("%d faults struck", struck)
					}
					if latest := steady*time.Duration(100+percent)/100 + 3*time.Minute; percent > 0 && took > latest { // throttling has its own pace
						t.Errorf("took %v, want at most %v", took, latest)
					}
				})
			})
		}
	}
}

// unsteadyNight is a night in a bubble, on a sandbox without sockets.
type unsteadyNight struct {
	*testing.T
	platform *sandbox.Platform
	oracle   *oracle
	wired    *wired
	program  *program
}

func newUnsteadyNight(t *testing.T, qps float64, percent int) *unsteadyNight {
	t.Helper()
	world := testWorld(7, 150)
	world.Healthy, world.Now, world.Latency, world.Stall = true, time.Now, 80*time.Millisecond, 40*time.Second
	if percent > 0 {
		world.Passing = percent
		world.Faults, _ = sandbox.ParseFaults("passing")
	}
	n := &unsteadyNight{T: t, platform: sandbox.New(world)}
	yesterday := schema.DayOf(firstMorning) - 1
	st := &story{
		world: sandbox.Config{Healthy: true}, accounts: n.platform.Accounts(), last: plannedRun{from: yesterday, to: yesterday},
		job: simJob{pageSize: 20, passes: 2, buckets: 1, settlements: true},
	}
	store := object.NewMem()
	n.oracle = &oracle{simulation: &simulation{story: st, store: store, platform: &shifting{Platform: n.platform, story: st, truth: make(map[schema.Day][]trueRow)}}}
	n.program = quiet(time.Now)
	n.program.world = outside{store: store, client: []douyin.Option{douyin.WithTransport(handled{n.platform})}}
	file := st.file()
	for name, app := range file.Apps {
		app.QPS, app.ClientKey, app.ClientSecret = qps, "key", world.ClientSecret
		if name == "trade" {
			app.ClientKey, app.ClientSecret = world.TradeKey, world.TradeSecret
		}
		file.Apps[name] = app
	}
	var err error
	if n.wired, err = n.program.wire(t.Context(), file, "nightly", true); err != nil {
		t.Fatal(err)
	}
	r := n.wired.run
	r.From, r.To, r.AgainSince = yesterday, yesterday, yesterday
	return n
}

func (n *unsteadyNight) run() *pipeline.Summary {
	n.Helper()
	s, err := n.program.do(n.Context(), n.wired)
	n.wired.close()
	if err != nil {
		n.Fatal(err)
	}
	return s
}

// check compares what was published with what the platform has.
func (n *unsteadyNight) check(s *pipeline.Summary) {
	n.Helper()
	day := n.wired.run.To
	want, got := map[string]int{}, map[string]int{}
	for _, row := range n.oracle.platform.rows(day) {
		want[row.text]++
	}
	m := n.oracle.manifestOf(day, 0)
	n.oracle.bills(m, got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 500 {
		n.Errorf("%d bills (-truth +lake):\n%.2000s", len(want), diff)
	}
	n.oracle.groups(m)
	n.oracle.verdicts(day)
	for _, complaint := range n.oracle.complaints {
		n.Error(complaint)
	}
	if s.Settling.Unanswered != 0 || s.Settling.Answered < 500 {
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
