package lake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/schema"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// errCut is what a killed run gets from the store.
var errCut = errors.New("the run was cut")

// schedule lets several runs publish one (day, bucket) on one store, one operation at a
// time. A seed decides which run is next and what becomes of its operation.
type schedule struct {
	*objecttest.Mem
	rand   *rand.Rand
	asks   chan ask
	flying []flight // PUTs whose run is dead, and that have not landed yet

	clock  int
	began  map[string]int // write id → when its run read its base
	turned map[string]int // write id → when its turn landed
	at     map[string]string
	faults []string
}

// ask is a run that waits for its next operation, or has ended.
type ask struct {
	run   int
	put   func() error // nil where nothing is written
	ended bool
	grant chan bool // false: the run is dead
}

type flight func() error

// seat is the store of one run.
type seat struct {
	*schedule
	run  int
	dead bool
	from int // when it read its base
}

func (s *seat) wait(put func() error) bool {
	if s.dead {
		return false
	}
	a := ask{run: s.run, put: put, grant: make(chan bool)}
	s.asks <- a
	s.dead = !<-a.grant
	return !s.dead
}

func (s *seat) Get(ctx context.Context, key string) (io.ReadCloser, object.Info, error) {
	if !s.wait(nil) {
		return nil, object.Info{}, errCut
	}
	if key == turnOf {
		s.from = s.clock
	}
	return s.Mem.Get(ctx, key)
}

func (s *seat) Head(ctx context.Context, key string) (object.Info, error) {
	if !s.wait(nil) {
		return object.Info{}, errCut
	}
	return s.Mem.Head(ctx, key)
}

func (s *seat) Put(_ context.Context, key string, body io.ReadSeeker, cond object.Condition, meta map[string]string) (info object.Info, err error) {
	put := func() error {
		info, err = s.Mem.Put(context.Background(), key, body, cond, meta)
		if err == nil {
			s.landed(key, meta[writeIDMeta], s.from)
		}
		return err
	}
	if !s.wait(put) {
		return object.Info{}, errCut
	}
	_ = put()
	return info, err
}

// landed records a write, and checks the one rule: a write may replace the object of another
// publication only if its run read the base after that one took its turn.
func (s *schedule) landed(key, id string, from int) {
	s.clock++
	switch {
	case id == "": // the lake's settings
	case strings.HasPrefix(key, "_control/"):
		s.began[id], s.turned[id] = from, s.clock
	default:
		if was := s.at[key]; was != "" && was != id && s.began[id] < s.turned[was] {
			s.faults = append(s.faults, fmt.Sprintf("%s: %s, whose base is older, replaced %s", key, id, was))
		}
		s.at[key] = id
	}
}

// run runs all operations until all runs have ended and all PUTs have arrived.
func (s *schedule) run(runs int, deadly bool) {
	var waiting []ask
	last := 0
	for alive := runs; alive > 0 || len(s.flying) > 0; {
		for len(waiting) < alive {
			if a := <-s.asks; a.ended {
				alive--
			} else {
				waiting = append(waiting, a)
			}
		}
		if n := s.rand.IntN(len(waiting) + len(s.flying) + 1); len(s.flying) > 0 && n >= len(waiting) {
			i := s.rand.IntN(len(s.flying))
			_ = s.flying[i]()
			s.flying = append(s.flying[:i], s.flying[i+1:]...)
			continue
		}
		if len(waiting) == 0 {
			continue
		}
		i := slices.IndexFunc(waiting, func(a ask) bool { return a.run == last })
		if i < 0 || s.rand.IntN(6) == 0 { // in bursts: one run reads while another is half done
			i = s.rand.IntN(len(waiting))
		}
		a := waiting[i]
		last = a.run
		waiting = append(waiting[:i], waiting[i+1:]...)
		s.clock++
		lives := !deadly || s.rand.IntN(12) > 0
		if !lives && a.put != nil && s.rand.IntN(3) > 0 {
			s.flying = append(s.flying, a.put) // it is on its way, and lands some time
		}
		a.grant <- lives
	}
}

// TestAnyTwoPublications: runs interleave at every operation, and die with writes under way.
// Nothing older replaces anything newer; if no run died, the result is one run's complete
// result; and a next run always completes it.
func TestAnyTwoPublications(t *testing.T) {
	t.Parallel()
	for seed := range uint64(80) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			if race.Detector && seed%5 != 0 { // ten times as slow; .ci/run has all seeds without it
				t.Skip("one seed in five")
			}
			s := &schedule{
				Mem: objecttest.NewMem(), rand: rand.New(rand.NewPCG(seed, 1)), asks: make(chan ask),
				began: make(map[string]int), turned: make(map[string]int), at: make(map[string]string),
			}
			if _, err := publish(t, open(t, s.Mem), schema.Base{Day: day, Bucket: 2}, 1); err != nil {
				t.Fatal(err)
			}
			runs, deadly := 2+int(seed%2), seed%4 >= 2
			won := make(map[string]bool)
			ends := make(chan func())
			for i := range runs {
				go func() {
					one := &seat{schedule: s, run: i}
					m := &schema.Manifest{RunID: fmt.Sprint(i)}
					err := one.publish(t, m, 2+i)
					s.asks <- ask{ended: true}
					ends <- func() {
						won[m.WriteID] = err == nil
						if err != nil && !errors.Is(err, schema.ErrSuperseded) && !errors.Is(err, errCut) {
							t.Errorf("run %d: %v", i, err)
						}
					}
				}()
			}
			s.run(runs, deadly)
			for range runs {
				(<-ends)()
			}
			for _, fault := range s.faults {
				t.Error(fault)
			}
			if !deadly {
				s.whole(t, won)
			}
			if _, err := publish(t, open(t, s.Mem), baseOf(t, open(t, s.Mem)), 9); err != nil {
				t.Fatal("the next run: ", err)
			}
			checkObjects(t, &recording{Mem: s.Mem}, baseOf(t, open(t, s.Mem)), 9)
		})
	}
}

// publish is a complete publication, from the base on.
func (s *seat) publish(t *testing.T, m *schema.Manifest, rows int) error {
	l, err := Open(context.Background(), s, 4, "v1.2.3")
	if err != nil {
		return err
	}
	l.tmp = t.TempDir()
	base, err := l.Base(context.Background(), day, 2)
	if err != nil {
		return err
	}
	return publishRows(context.Background(), l, base, m, fill(rows))
}

// whole checks that all objects are of one run, and that this run succeeded.
func (s *schedule) whole(t *testing.T, won map[string]bool) {
	t.Helper()
	id := s.at[manifestOf]
	for _, key := range objects[1:] {
		if s.at[key] != id {
			t.Errorf("%s is of %s, the manifest of %s", key, s.at[key], id)
		}
	}
	if !won[id] {
		t.Errorf("the run whose result was published got an error: %v", won)
	}
}
