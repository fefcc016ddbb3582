package shards

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/pipeline/swap"
	"billwalk/schema"
)

// shelf has the objects of a night, in memory, and counts how often the first shard reads each.
type shelf struct {
	mu      sync.Mutex
	objects map[string]string
	reads   map[string]int
	slow    func(onShelf) // what it takes to read and to write, if it takes time
}

func newShelf() *shelf { return &shelf{objects: make(map[string]string), reads: make(map[string]int)} }

// open returns what opens the objects for a shard.
func (s *shelf) open(index int) func(name string) swap.Object {
	return func(name string) swap.Object { return onShelf{s, name, index == 0} }
}

type onShelf struct {
	*shelf
	name   string
	counts bool
}

func (o onShelf) Load(context.Context) ([]byte, string, error) {
	if o.slow != nil {
		o.slow(o)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.counts {
		o.reads[o.name]++
	}
	data := o.objects[o.name]
	return []byte(data), data, nil
}

func (o onShelf) Swap(_ context.Context, data []byte, version string) (string, error) {
	if o.slow != nil {
		o.slow(o)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.objects[o.name] != version {
		return "", schema.ErrTaken
	}
	o.objects[o.name] = string(data)
	return string(data), nil
}

const firstDay schema.Day = 20000

// enter enters a night of so many shards, by the run's id, which ends with the test.
func (s *shelf) enter(t *testing.T, index, count int, run string) *Night {
	t.Helper()
	return s.enterWith(t, index, count, run, nil)
}

// enterWith is enter of a run that makes calls of the bill API.
func (s *shelf) enterWith(t *testing.T, index, count int, run string, rates map[string]Rate) *Night {
	t.Helper()
	var peers []int
	for i := range count {
		if i != index {
			peers = append(peers, i)
		}
	}
	n, err := Enter(t.Context(), Config{
		Shard: Shard{index, count}, Peers: peers, Open: s.open(index), From: firstDay, To: firstDay + 1, RunID: run, Rates: rates, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAwait: a shard waits for the others in turn, and looks at one of them at a time; those that
// show no sign of life it waits for only so long.
func TestAwait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const count, slow, dead = 6, 3, 4
		s := newShelf()
		began := time.Now()
		nights := make([]*Night, count)
		for i := range count {
			nights[i] = s.enter(t, i, count, fmt.Sprint("run", i))
			defer nights[i].Leave()
		}
		nights[dead].Leave()
		for i, n := range nights[1:] {
			time.AfterFunc(map[int]time.Duration{slow: 15 * time.Minute}[i+1], func() {
				if i+1 != dead {
					if err := n.Pass(context.Background(), "this"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		gone, err := nights[0].Await(t.Context(), "this")
		if err != nil || !slices.Equal(gone, []int{dead}) {
			t.Errorf("gone: %v, %v", gone, err)
		}
		if took := time.Since(began); took < 15*time.Minute || took > 15*time.Minute+goneAfter+time.Minute {
			t.Errorf("it took %v", took)
		}
		if s.reads[stateName(1)] > 3 || s.reads[stateName(5)] > 3 {
			t.Errorf("those that were done were read %d and %d times", s.reads[stateName(1)], s.reads[stateName(5)])
		}
	})
}

// TestAwaitIsSoon: what the last shard does is noticed soon, by how long it was waited for, and a
// long wait takes two looks a second.
func TestAwaitIsSoon(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{30 * time.Millisecond, time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := newShelf()
			one, other := s.enter(t, 0, 2, "one"), s.enter(t, 1, 2, "other")
			defer one.Leave()
			defer other.Leave()
			began := time.Now()
			time.AfterFunc(wait, func() {
				if err := other.Pass(context.Background(), "this"); err != nil {
					t.Error(err)
				}
			})
			if gone, err := one.Await(t.Context(), "this"); err != nil || len(gone) > 0 {
				t.Error(gone, err)
			}
			if late, most := time.Since(began)-wait, min(max(wait/pollPart, pollFirst), pollEvery); late > most {
				t.Errorf("after %v it was noticed %v late, want %v", wait, late, most)
			}
			if looks, most := s.reads[stateName(1)], 25+int(wait/pollEvery); looks > most {
				t.Errorf("%d looks in %v, want at most %d", looks, wait, most)
			}
		})
	}
}

// TestWalked: what a shard has walked counts for the run that told it, of this night.
func TestWalked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		one, other := s.enter(t, 0, 2, "one"), s.enter(t, 1, 2, "other")
		defer one.Leave()
		told := func(day schema.Day) (names []schema.AccountID, ok bool) {
			t.Helper()
			if _, err := one.Passed(t.Context(), "walked"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(pollEvery)
			all, ok, err := one.PeerWalked(t.Context(), 1, day)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range all {
				names = append(names, c.Account.ID)
			}
			return names, ok
		}
		if _, ok := told(firstDay); ok {
			t.Error("it has told nothing")
		}
		if err := other.PutWalked(t.Context(), firstDay, []*schema.Certificate{{Account: schema.Account{ID: "a"}, Day: firstDay}}); err != nil {
			t.Fatal(err)
		}
		if names, ok := told(firstDay); !ok || !slices.Equal(names, []schema.AccountID{"a"}) {
			t.Errorf("it has told %v, %v", names, ok)
		}
		if _, ok := told(firstDay + 1); ok {
			t.Error("of the other day it has told nothing")
		}
		other.Leave()
		other = s.enter(t, 1, 2, "again") // it was killed
		defer other.Leave()
		if _, ok := told(firstDay); ok {
			t.Error("what a run told that was cut does not count")
		}
		if err := other.PutWalked(t.Context(), firstDay, nil); err != nil {
			t.Fatal(err)
		}
		if names, ok := told(firstDay); !ok || len(names) > 0 {
			t.Errorf("it has told %v, %v", names, ok)
		}
	})
}

// TestAgree: all shards of a night have the weights that the first one has found, whatever they
// would find themselves; another night has its own.
func TestAgree(t *testing.T) {
	t.Parallel()
	store := newShelf().open(0)("weights.json")
	agree := func(night string, weight int) int {
		t.Helper()
		w, err := Agree(t.Context(), store, night, 1, func(context.Context) (Weights, error) {
			return Weights{Bills: []int{weight}, Settlements: []int{2 * weight}}, nil
		})
		if err != nil || w.Settlements[0] != 2*w.Bills[0] || w.Both()[0] != 3*w.Bills[0] {
			t.Fatal(w, err)
		}
		return w.Bills[0]
	}
	if got := []int{agree("one", 5), agree("one", 7), agree("two", 7), agree("two", 9)}; !slices.Equal(got, []int{5, 5, 7, 7}) {
		t.Error(got)
	}
	for _, damaged := range []string{`{`, `{"of":"two"}`, `{"of":"two","bills":[1,2],"settlements":[2,4]}`, `{"of":"two","bills":[-1],"settlements":[1]}`, `{"of":"two","bills":[1],"settlements":[9000000000000000000]}`} {
		_, version, _ := store.Load(t.Context())
		if _, err := store.Swap(t.Context(), []byte(damaged), version); err != nil {
			t.Fatal(err)
		}
		if got := agree("two", 3); got != 3 {
			t.Errorf("%s was taken for weights: %d", damaged, got)
		}
	}
	const count = 16
	var all sync.WaitGroup
	found := make([]int, count)
	for i := range count {
		all.Go(func() { found[i] = agree("three", 1+i) })
	}
	all.Wait()
	if slices.Min(found) != slices.Max(found) {
		t.Errorf("weights of one night: %v", found)
	}
}
