package pipeline

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Units that store leave their places, to fewer than twice as many units as the limit,
// which may rise meanwhile.
func TestPlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var limit atomic.Int64
		limit.Store(2)
		p := newPlaces(func() int { return int(limit.Load()) })
		free := func(want bool) {
			t.Helper()
			if got := p.tryTake(); got != want {
				t.Errorf("a place is free: %v, want %v", got, want)
			} else if got {
				p.leave()
			}
		}
		p.take()
		p.take()
		free(false)
		first, second := p.store(), p.store()
		p.take()
		third := p.store()
		free(false) // four units would be twice as many
		for _, stored := range []func(){first, second, third} {
			stored()
		}
		p.leave()
		free(false) // two are under way
		began, taken := time.Now(), make(chan struct{})
		go func() { p.take(); close(taken) }()
		synctest.Wait()
		limit.Store(3)
		<-taken
		if took := time.Since(began); took > time.Second {
			t.Errorf("a place that came with the limit was taken after %v", took)
		}
		go func() { time.Sleep(time.Minute); p.leave() }()
		p.take()
	})
}
