package object_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// inTurn is a store that serves one write after another, each after a delay.
func inTurn(each time.Duration, cheats bool) bent {
	turn := make(chan struct{}, 1)
	var mu sync.Mutex
	begun := make(map[string]string) // the ETag that the first writer of a race saw
	return bent{Mem: objecttest.NewMem(), put: func(m *objecttest.Mem, ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
		if cheats && cond.Matches() && cond.ETag() != "" {
			mu.Lock()
			first := begun[cond.ETag()] == ""
			begun[cond.ETag()] = key
			mu.Unlock()
			if now, err := m.Head(ctx, key); err == nil && now.ETag == cond.ETag() && !first {
				cond = Always() // compared before its turn, and not again
			}
		}
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return Info{}, ctx.Err()
		}
		defer func() { <-turn }()
		time.Sleep(each)
		return m.Put(ctx, key, body, cond, meta)
	}}
}

// TestProbeSlow: a store that is slow and correct passes in time, with fewer writers, and
// reports its progress.
func TestProbeSlow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		each time.Duration
		slow bool
		took time.Duration // at most
	}{
		{0, false, time.Second},
		{5 * time.Millisecond, false, 5 * time.Second},
		{50 * time.Millisecond, false, 35 * time.Second},
		{250 * time.Millisecond, true, 45 * time.Second},
		{time.Second, true, 50 * time.Second},
		{3 * time.Second, true, 75 * time.Second},
	} {
		t.Run(c.each.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reports []Trial
				began := time.Now()
				trial, err := Probe(t.Context(), inTurn(c.each, false), func(now Trial) { reports = append(reports, now) })
				took := time.Since(began)
				t.Logf("%s after %s", trial, took)
				if err != nil || trial.Slow() != c.slow || took > c.took || !trial.Written {
					t.Errorf("%s after %s, %v; want it to pass within %s, slow: %t", trial, took, err, c.took, c.slow)
				}
				if c.slow != strings.HasPrefix(trial.String(), "slow: ") || c.slow && !strings.HasSuffix(trial.String(), " of 32 writers tried") || trial.Writers < MinWriters {
					t.Errorf("%q, of %+v", trial, trial)
				}
				for i := 1; i < len(reports); i++ {
					if reports[i].Races < reports[i-1].Races {
						t.Errorf("%d races were reported after %d", reports[i].Races, reports[i-1].Races)
					}
				}
				if last := reports[len(reports)-1]; last != trial || last.Races < 2 {
					t.Errorf("the last report is %+v", last)
				}
			})
		})
	}
}

// TestProbeFarStore: slow answers do not make a store slow if it serves many writers at
// once: it is tested with all of them.
func TestProbeFarStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		far := judging(func(_ *objecttest.Mem, _ string, cond Condition) (Condition, error) {
			time.Sleep(400 * time.Millisecond)
			return cond, nil
		})
		trial, err := Probe(t.Context(), far, nil)
		if err != nil || trial.Slow() || trial.Races != trial.AllRaces {
			t.Errorf("%+v, %v", trial, err)
		}
	})
}

// TestProbeSlowCheat: also with fewer writers a store is found out that lets two of them
// win.
func TestProbeSlowCheat(t *testing.T) {
	t.Parallel()
	for _, each := range []time.Duration{250 * time.Millisecond, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			_, err := Probe(t.Context(), inTurn(each, true), nil)
			if broken, ok := errors.AsType[*ProbeError](err); !ok || !strings.Contains(broken.Reason, "raced to replace") {
				t.Errorf("%s a write: %v, want it refused", each, err)
			}
		})
	}
}

// TestMaxProbeRequests: a store that loses many answers gets a limited number of requests.
func TestMaxProbeRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := objecttest.NewMem()
		var mu sync.Mutex
		puts := 0
		store.Fault = func(op objecttest.Op, key string) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			if op == objecttest.OpPut {
				puts++
			}
			return false, nil
		}
		trial, err := Probe(t.Context(), store, nil)
		if err != nil || trial.Slow() || puts > MaxProbeRequests {
			t.Errorf("%+v, %v, %d writes", trial, err, puts)
		}
	})
}
