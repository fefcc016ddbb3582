package simulation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// The deterministic simulation: whole runs, wired as the command line wires them,
// on a platform and a store in memory and on a clock that moves only when all
// wait. One seed decides the world, the runs, and what becomes of every remote
// call: it may fail before it is applied or after, be applied late or twice; a
// process may be killed, stopped by a signal or frozen between any two calls; runs may
// go side by side, and days change under them: bills come, go, and move between the
// walks of a root account and of its store; settlements come late, are under way, or
// follow a try that failed. Then the trouble stops, a last run follows, and the oracle
// judges all that was published.
//
//	go test ./cmd/billwalk/simulation -run 'TestSimulation$' -seed=N -v    one seed again, with its trace
//	BILLWALK_SEEDS=100000 go test ./cmd/billwalk/simulation -run 'TestSimulation$' -timeout 3h

var (
	simSeed  = flag.Uint64("seed", 0, "simulate this seed alone")
	simSeeds = flag.Uint64("seeds", 0, "simulate so many seeds, from 1")
)

// simulation is one seed being simulated.
type simulation struct {
	story    *story
	file     *jobs.File
	platform *shifting
	store    *objecttest.Mem
	oracle   oracle
	runs     []*simProcess
	under    sync.WaitGroup // calls that are applied late
	pending  atomic.Int64   // how many of them

	mu    sync.Mutex
	trace bytes.Buffer
	logs  *bytes.Buffer // of the runs; nil where nobody reads them
}

// simulated is the result of simulating a seed.
type simulated struct {
	seed       uint64
	complaints []string
	trace      string
}

func (s *simulated) hash() string {
	sum := sha256.Sum256([]byte(s.trace))
	return hex.EncodeToString(sum[:])
}

// simulate runs the story of a seed in a bubble of its own.
func simulate(t *testing.T, seed uint64, verbose bool) (result simulated) {
	t.Helper()
	s := &simulation{}
	defer func() {
		result = simulated{seed, s.oracle.complaints, s.trace.String()}
		if caught := recover(); caught != nil {
			result.complaints = append(result.complaints, fmt.Sprintf("panic: %v\n%s", caught, debug.Stack()))
			if verbose {
				all := make([]byte, 1<<20)
				t.Logf("%s", all[:runtime.Stack(all, true)])
			}
		}
		if s.logs != nil {
			t.Log(s.logs.String())
		}
	}()
	if verbose {
		s.logs = new(bytes.Buffer)
	}
	synctest.Test(t, func(*testing.T) {
		wakeUp()
		s.story = draw(seed)
		s.file, s.platform, s.store = s.story.file(), newShifting(s.story), objecttest.NewMem()
		s.oracle.simulation = s
		s.play()
	})
	return result
}

// play starts the processes of the story, and then the last one.
func (s *simulation) play() {
	var all sync.WaitGroup
	for i, planned := range s.story.runs {
		if i > 0 && !planned.beside {
			all.Wait()
		}
		time.Sleep(planned.after)
		p := s.start(planned, strconv.Itoa(i+1))
		all.Go(func() {
			p.run()
			s.oracle.ended(p)
		})
	}
	all.Wait()
	if s.story.hasty {
		early := s.undisturbed("early")
		s.under.Wait()
		if early.code == pipeline.ExitDone {
			s.oracle.whole(early) // still, whatever has been applied since then
		}
	}
	s.under.Wait()
	s.settleChanges()
	time.Sleep(s.story.last.after)
	last := s.undisturbed("last")
	s.under.Wait()
	s.oracle.atTheEnd(last)
}

// undisturbed makes a run to which nothing happens.
func (s *simulation) undisturbed(name string) *simProcess {
	p := s.start(s.story.last, name)
	p.quiet = true
	p.run()
	s.oracle.ended(p)
	return p
}

func (s *simulation) start(planned plannedRun, name string) *simProcess {
	p := &simProcess{simulation: s, plannedRun: planned, name: name, asked: make(map[string]int)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, p)
	return p
}

// settleChanges waits until the days and the settlements change no more.
func (s *simulation) settleChanges() {
	for _, at := range s.story.moments() {
		time.Sleep(time.Until(at))
	}
	for _, c := range s.story.shares {
		time.Sleep(time.Until(firstMorning.Add(c.at)))
	}
}

// put applies a write, and shows the oracle what is in place now.
func (s *simulation) put(p *simProcess, key string, content []byte, cond object.Condition, meta map[string]string) (object.Info, error) {
	info, err := s.store.Put(context.Background(), key, bytes.NewReader(content), cond, meta)
	if err == nil {
		s.oracle.put(p, key, content, info)
	}
	return info, err
}

// note adds a line to the trace.
func (s *simulation) note(p *simProcess, op, key, outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.trace, "%13s %-4s %-11s %s: %s\n", time.Since(firstMorning).Round(time.Microsecond), p.name, op, key, outcome)
}

// seeds are those that the flags and the environment ask for.
func seeds(t *testing.T) (from, to uint64) {
	t.Helper()
	one, many := *simSeed, *simSeeds
	for name, value := range map[string]*uint64{"BILLWALK_SEED": &one, "BILLWALK_SEEDS": &many} {
		if text := os.Getenv(name); text != "" && *value == 0 {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*value = n
		}
	}
	switch {
	case one > 0:
		return one, one
	case many > 0:
		return 1, many
	}
	if race.Detector {
		return 1, 60
	}
	return 1, billwalktest.Often[uint64](100, 1000)
}

// TestSimulation simulates seed after seed, on all processors.
func TestSimulation(t *testing.T) {
	t.Parallel()
	from, to := seeds(t)
	next := atomic.Uint64{}
	next.Store(from)
	var failed atomic.Int64
	enough := int64(5) // seeds that fail
	if flag.Lookup("test.failfast").Value.String() == "true" {
		enough = 1
	}
	all := census{seen: make(map[string]int)}
	t.Cleanup(func() { all.check(t) }) // when the workers have ended
	for worker := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprint("worker ", worker+1), func(t *testing.T) {
			t.Parallel()
			for seed := next.Add(1) - 1; seed <= to && failed.Load() < enough; seed = next.Add(1) - 1 {
				result := simulate(t, seed, from == to && testing.Verbose())
				if from == to && testing.Verbose() {
					t.Log("the trace:\n" + result.trace)
				}
				all.add(&result)
				if len(result.complaints) > 0 {
					failed.Add(1)
					t.Errorf("seed %d: %s\nagain, with the trace: go test ./cmd/billwalk/simulation -run 'TestSimulation$' -seed=%d -v", seed, strings.Join(result.complaints, "\n\t"), seed)
				}
			}
		})
	}
}

// happenings are what many seeds must have seen, as the trace has it: what
// never happens is not tested.
var happenings = []string{
	": exit 0", ": exit 1", ": exit 3", ": exit 5", ": exit 6", ": exit 143", ": dies", ": thaws", ": refused",
	": late: ok", ": late: conflict", ": late: 200", ": ok, once more", ": conflict", ": error", ": unsteady",
	", a settlement late", ", a settlement under way", ", a settlement failed",
}

// census counts what happened over all seeds.
type census struct {
	mu    sync.Mutex
	seeds int
	seen  map[string]int
}

func (c *census) add(s *simulated) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seeds++
	for _, what := range happenings {
		c.seen[what] += strings.Count(s.trace, what)
	}
}

// check fails where something never happened in many seeds.
func (c *census) check(t *testing.T) {
	t.Logf("in %d seeds:%v", c.seeds, c.seen)
	for _, what := range happenings {
		if c.seeds >= 500 && c.seen[what] == 0 {
			t.Errorf("in %d seeds there was never %q", c.seeds, what)
		}
	}
}

// TestSimulationRepeats: the same seed makes the same calls at the same times, another seed
// others. Goroutines that one event wakes, as a new token does, go on in either order; so a
// trace has some more runs to come again.
func TestSimulationRepeats(t *testing.T) {
	t.Parallel()
	const runs = 12
	var hashes []string
	for seed := range uint64(12) {
		traces := []simulated{simulate(t, seed+1, false)}
		repeats := func() bool {
			last := traces[len(traces)-1].hash()
			return slices.ContainsFunc(traces[:len(traces)-1], func(s simulated) bool { return s.hash() == last })
		}
		for len(traces) < runs && !repeats() {
			traces = append(traces, simulate(t, seed+1, false))
		}
		if !repeats() {
			t.Errorf("seed %d does not repeat in %d runs: %s", seed+1, runs, firstDifference(traces[0].trace, traces[1].trace))
		}
		hashes = append(hashes, traces[0].hash())
	}
	slices.Sort(hashes)
	if n := len(slices.Compact(hashes)); n != 12 {
		t.Errorf("12 seeds have %d traces", n)
	}
}

func firstDifference(one, other string) string {
	a, b := strings.Split(one, "\n"), strings.Split(other, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\n%s\n%s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}
