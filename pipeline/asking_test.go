package pipeline

import (
	"testing"
	"testing/synctest"
	"time"
)

// A run's time is divided by its first call and the end of its last, however they overlap.
func TestSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, started := &asking{now: time.Now}, time.Now()
		time.Sleep(3 * time.Second)
		if got, want := a.seconds(started, time.Now()), (Seconds{After: 3}); got != want {
			t.Errorf("without a call got %+v, want %+v", got, want)
		}
		first := a.call()
		time.Sleep(time.Second)
		second := a.call()
		time.Sleep(time.Second)
		second()
		time.Sleep(2 * time.Second)
		first()
		time.Sleep(5 * time.Second)
		if got, want := a.seconds(started, time.Now()), (Seconds{3, 4, 5}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
