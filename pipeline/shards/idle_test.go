package shards

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fakeRate knows what is borrowed.
type fakeRate struct {
	mu    sync.Mutex
	idle  []int
	until time.Time
}

func (r *fakeRate) Borrow(idle []int, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle, r.until = idle, until
}

func (r *fakeRate) Return(context.Context) error {
	r.Borrow(nil, time.Time{})
	return nil
}

// uses reports whether the part of a shard is borrowed.
func (r *fakeRate) uses(index int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.idle, index) && time.Now().Before(r.until)
}

// bills are the rates of a run that makes calls of the bill API.
func bills(r *fakeRate) map[string]Rate { return map[string]Rate{Bills: r} }

// TestLend: the part of a shard that makes no more calls is used by the others some seconds later,
// for as long as they make calls.
func TestLend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		rates := []*fakeRate{{}, {}, {}}
		var nights []*Night
		for i, r := range rates {
			nights = append(nights, s.enterWith(t, i, 3, "run", bills(r)))
			defer nights[i].Leave()
		}
		lent := func(i int) {
			t.Helper()
			if err := nights[i].Lend(t.Context(), Bills); err != nil {
				t.Fatal(err)
			}
			if rates[i].idle != nil {
				t.Errorf("shard %d borrows", i)
			}
		}
		lent(2)
		time.Sleep(lendAfter - time.Nanosecond)
		if rates[0].uses(2) {
			t.Error("used before the last calls count no more")
		}
		time.Sleep(lookEvery + lendAfter)
		for range 1000 {
			time.Sleep(time.Second)
			if !rates[0].uses(2) || !rates[1].uses(2) || rates[0].uses(1) {
				t.Fatalf("borrowed: %+v %+v", rates[0].idle, rates[1].idle)
			}
		}
		lent(1)
		time.Sleep(2 * (lookEvery + lendAfter))
		if !rates[0].uses(1) || !rates[0].uses(2) || rates[1].uses(2) {
			t.Errorf("borrowed: %v by the first shard, %v by the second, which lends", rates[0].idle, rates[1].idle)
		}
		lent(0)
		began := time.Now()
		s.enterWith(t, 1, 3, "next", bills(rates[1])).Leave()
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v where all have ended", waited)
		}
	})
}

// TestLendAtOnce: of many shards that make their last calls at the same time all lend their part.
func TestLendAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const count = 64
		s := newShelf()
		s.slow = func(onShelf) { time.Sleep(20*time.Millisecond + rand.N(20*time.Millisecond)) }
		var nights []*Night
		for i := range count {
			nights = append(nights, s.enterWith(t, i, count, "run", bills(new(fakeRate))))
			defer nights[i].Leave()
		}
		var all sync.WaitGroup
		for _, n := range nights {
			all.Go(func() {
				if err := n.Lend(t.Context(), Bills); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if idle := decodeIdle([]byte(s.objects[idleName])); len(idle[Bills]) != count {
			t.Errorf("%d of %d shards", len(idle[Bills]), count)
		}
	})
}

// TestLendAnew: a shard that took its part back and lent it again between two looks is known as one
// that has just lent it.
func TestLendAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, rates := newShelf(), []*fakeRate{{}, {}, {}}
		looked := make(chan struct{})
		var takes atomic.Int64 // a look of the first shard
		s.slow = func(o onShelf) {
			if o.counts && o.name == idleName {
				time.Sleep(time.Duration(takes.Load()))
				select {
				case looked <- struct{}{}:
				default:
				}
			}
		}
		var nights []*Night
		for i, r := range rates {
			nights = append(nights, s.enterWith(t, i, 3, "run", bills(r)))
			defer nights[i].Leave()
		}
		if err := nights[1].Lend(t.Context(), Bills); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookPart * lookEvery)
		if !rates[0].uses(1) {
			t.Fatal("not borrowed")
		}
		<-looked
		takes.Store(int64(backAfter + 100*time.Millisecond - lookEvery))
		again := s.enterWith(t, 1, 3, "again", bills(rates[1]))
		defer again.Leave()
		if err := again.Lend(t.Context(), Bills); err != nil {
			t.Fatal(err)
		}
		lent := time.Now()
		for time.Since(lent) < time.Second {
			if rates[0].uses(1) {
				t.Fatalf("used %v after the last call", time.Since(lent))
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// TestLendKilled: shards that are killed at any time, and begin again, make no call while another
// one uses their part of the rate, nor in the second before, however slow the store is.
func TestLendKilled(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const count = 4
				s := newShelf()
				var mu sync.Mutex
				slow := rand.New(rand.NewPCG(seed, count))
				s.slow = func(onShelf) {
					mu.Lock()
					took := time.Duration(slow.Int64N(int64(time.Second)))
					if seed%2 == 0 && slow.IntN(10) == 0 {
						took *= 20
					}
					mu.Unlock()
					time.Sleep(took)
				}
				rates := make([]*fakeRate, count) // of each shard's process that lives
				calls, called := make([]bool, count), make([]time.Time, count)
				check := func() {
					mu.Lock()
					defer mu.Unlock()
					for i := range count {
						for j, r := range rates {
							if (calls[i] || time.Since(called[i]) < time.Second) && r != nil && r.uses(i) {
								t.Errorf("shard %d uses the part of %d, which makes calls", j, i)
							}
						}
					}
				}
				set := func(i int, rate *fakeRate, calling bool) {
					mu.Lock()
					if calls[i] {
						called[i] = time.Now()
					}
					rates[i], calls[i] = rate, calling
					mu.Unlock()
					check()
				}
				var all sync.WaitGroup
				for i := range count {
					draw := rand.New(rand.NewPCG(seed, uint64(i)))
					some := func(most time.Duration) { time.Sleep(time.Duration(draw.Int64N(int64(most)))) }
					all.Go(func() {
						for run := range 12 {
							some(5 * time.Second)
							rate := new(fakeRate)
							set(i, rate, false)
							n := s.enterWith(t, i, count, fmt.Sprint(i, run), bills(rate))
							set(i, rate, true)
							some(40 * time.Second)
							if draw.IntN(3) > 0 {
								set(i, rate, false) // the last call has ended
								if err := n.Lend(context.Background(), Bills); err != nil {
									t.Error(err)
								}
								some(40 * time.Second)
							}
							n.Leave()
							set(i, nil, false) // killed, or ended
						}
					})
				}
				stop := make(chan struct{})
				go func() {
					all.Wait()
					close(stop)
				}()
				for {
					select {
					case <-stop:
						return
					case <-time.After(100 * time.Millisecond):
						check()
					}
				}
			})
		})
	}
}
