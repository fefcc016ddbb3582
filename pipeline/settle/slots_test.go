package settle

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlots: no more queries are under way than there are slots, and one that has left its slot
// does not keep others from it.
func TestSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const count, queries = 3, 30
		s := newSlots(count)
		var under, most, left atomic.Int64
		var all sync.WaitGroup
		began := time.Now()
		for i := range queries {
			all.Add(1)
			s.run(func() {
				defer all.Done()
				if now := under.Add(1); now > most.Load() {
					most.Store(now)
				}
				time.Sleep(time.Second)
				under.Add(-1)
				s.leave()
				if i%2 == 0 { // it failed, and is repeated
					time.Sleep(time.Hour)
				}
				left.Add(1)
			})
		}
		if took := time.Since(began); took != (queries/count-1)*time.Second {
			t.Errorf("the last query began after %v", took)
		}
		all.Wait()
		s.close()
		if most.Load() != count || left.Load() != queries {
			t.Errorf("%d of %d queries ended, at most %d at a time; want %d", left.Load(), queries, most.Load(), count)
		}
	})
}
