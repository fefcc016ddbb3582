package kill

import (
	"flag"
	"fmt"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// killsAtATime are run side by side: a process waits for its store more than it
// computes.
const killsAtATime = 4

// TestKillAnywhere kills a run by SIGKILL before and after each of its remote
// operations, or before or after the last of each kind, and runs it again: every row is that of an undisturbed run, and no
// more is fetched again than what was not yet a batch of the archive.
//
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/kill -run 'TestKillAnywhere/all/^before$/^17$'
func TestKillAnywhere(t *testing.T) {
	if race.Detector {
		t.Skip("what is killed is another program, without the race detector")
	}
	lab := newKillLab(t)
	undisturbed := lab.night(t, "killed-never", true)
	trace := undisturbed.whole(t, 0)
	operations, chosen := len(trace), killedAt(trace)
	want := billwalktest.ReadPublished(t, undisturbed.place, billwalktest.FirstDay)
	most := undisturbed.asked()
	if len(want.Bills) == 0 || len(want.Settlements) == 0 || len(want.Exceptions) == 0 || len(want.Verdicts) < 3 {
		t.Fatalf("%d bills, %d settlements, %d exceptions, verdicts %v: too little to compare", len(want.Bills), len(want.Settlements), len(want.Exceptions), want.Verdicts)
	}
	if len(want.Withdrawals) == 0 || len(want.WithdrawnBills) == 0 || len(want.Stores) == 0 {
		t.Fatalf("%d withdrawals of %d bills, %d stores: too little to compare", len(want.Withdrawals), len(want.WithdrawnBills), len(want.Stores))
	}
	checkUndisturbed(t, lab, undisturbed)

	// A run of which operation N+1 is to kill ends: there are N.
	if n := len(lab.night(t, "beyond", true).whole(t, operations+1)); n != operations {
		t.Fatalf("a run has %d remote operations, and then %d: their number has to be certain", operations, n)
	}

	var killed killings
	kill := func(t *testing.T, probed bool, when string, k int) {
		t.Run(fmt.Sprintf("%s/%d", when, k), func(t *testing.T) {
			t.Parallel()
			lab.turns <- struct{}{}
			defer func() { <-lab.turns }()
			n := lab.night(t, fmt.Sprintf("killed-%t-%s-%d", probed, when, k), probed)
			killed.add(when, k, n.killed(t, when, k))
			kills := 1
			if k%7 == 0 { // and the second run, too, somewhere else
				n.killed(t, "after", k%31+1)
				kills++
			}
			ended := len(billwalktest.KeysBelow(t, n.store(t), "runs/")) // killed when all was done: the next one is a run of its own
			n.whole(t, 0)
			checkAgain(t, n, want, most, kills, ended)
		})
	}
	t.Run("all", func(t *testing.T) {
		for i, k := range chosen {
			for _, when := range billwalktest.Often([]string{"before", "after"}[i%2:i%2+1], []string{"before", "after"}) {
				kill(t, true, when, k)
			}
		}
	})
	killed.check(t, billwalktest.Often(len(chosen), 2*operations))
	// The first run over a new lake probes the store, by hundreds of operations that
	// are alike and that nobody reads again: it is killed at some of them.
	t.Run("probing", func(t *testing.T) {
		probing := len(lab.night(t, "probing", false).whole(t, 0)) - operations
		for k := 1; k <= probing; k *= billwalktest.Often(16, 2) {
			kill(t, false, "before", k)
			kill(t, false, "after", k)
		}
	})
}

// killedAt are the numbers of the operations at which runs are killed: all of them
// where all are asked for, else the last of each kind.
func killedAt(operations []string) []int {
	last := make(map[string]int)
	for i, operation := range operations {
		last[billwalktest.Often(kindOf(operation), fmt.Sprint(i))] = i + 1
	}
	return slices.Sorted(maps.Values(last))
}

// checkUndisturbed compares the run that the others are held to with the truth.
func checkUndisturbed(t *testing.T, lab *killLab, n *killNight) {
	t.Helper()
	var units []schema.Unit
	for _, a := range lab.accounts {
		units = append(units, schema.Unit{Account: a, Day: billwalktest.FirstDay})
	}
	var want, got []string
	for _, row := range n.platform.TruthOf(units) {
		want = append(want, row.LedgerID)
	}
	for _, b := range billwalktest.ReadPublished(t, n.place, billwalktest.FirstDay).Bills {
		got = append(got, b.LedgerID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(got)); diff != "" {
		t.Fatalf("the undisturbed run (-served +published):\n%s", diff)
	}
}

// checkAgain compares what stands after so many killed runs, of which some had
// ended, and a whole one with the undisturbed run. Each unit had at most one batch
// on its way to the archive when a run was killed, so that no page and no order is
// asked for more than once again.
func checkAgain(t *testing.T, n *killNight, want billwalktest.Published, most map[sandbox.Request]int, kills, ended int) {
	t.Helper()
	if diff := cmp.Diff(want, billwalktest.ReadPublished(t, n.place, billwalktest.FirstDay), billwalktest.NotOfTheRun); diff != "" {
		t.Errorf("what is published (-undisturbed +killed and run again):\n%s", diff)
	}
	if found, err := exec.Command(n.binary, "--config", n.config, "verify", "nightly", "--from", billwalktest.FirstDay.String()).CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, found)
	}
	for request, times := range n.asked() {
		if times > most[request]*(1+ended)+kills {
			t.Errorf("%+v was asked %d times, undisturbed %d", request, times, most[request])
		}
	}
}

// killings are the operations at which runs were killed.
type killings struct {
	mu    sync.Mutex
	at    map[string]bool // "before 17"
	kinds map[string]int  // by what the operations are
}

func (s *killings) add(when string, k int, operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at, s.kinds = make(map[string]bool), make(map[string]int)
	}
	s.at[fmt.Sprintf("%s %d", when, k)] = true
	s.kinds[kindOf(operation)]++
}

// kindOf names an operation by its method and the part of the lake, or the API.
func kindOf(operation string) string {
	method, address, _ := strings.Cut(operation[strings.Index(operation, " ")+1:], " ")
	parts := strings.Split(address, "/")
	lake := slices.IndexFunc(parts, func(part string) bool { return strings.HasPrefix(part, "killed-") })
	switch {
	case lake < 0:
		return method + " " + path.Base(address)
	case lake+1 == len(parts):
		return method + " list"
	default:
		return method + " " + parts[lake+1]
	}
}

// check makes sure that runs were killed at every operation, before and after.
func (s *killings) check(t *testing.T, points int) {
	t.Helper()
	t.Logf("at %d points, by what the operations are: %v", points, s.kinds)
	one := strings.Contains(flag.Lookup("test.run").Value.String(), "/") // some were chosen
	if len(s.at) != points && !one {
		t.Errorf("runs were killed at %d points, want %d", len(s.at), points)
	}
}
