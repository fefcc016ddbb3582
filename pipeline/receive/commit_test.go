package receive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"billwalk/schema"
)

// newCommits returns commits that store to the shelf.
func newCommits(t *testing.T, s *shelf) *commits {
	f := newFixture(t, func(c *Config) { c.Archive = s })
	return f.accepted
}

// sent is a request and its outcome.
type sent struct {
	after time.Duration // since the first
	bytes int
	err   error
	at    time.Duration // when it was known
}

// sendAll adds each request at its time and waits for all. It runs in a synctest bubble.
func sendAll(c *commits, requests []sent) {
	began := time.Now()
	var all sync.WaitGroup
	for i := range requests {
		r := &requests[i]
		all.Go(func() {
			time.Sleep(r.after)
			b, err := c.add(schema.DayOf(time.Now()), fmt.Appendf(nil, "%d\n", i), r.bytes)
			if err == nil {
				err = b.wait()
			}
			r.err, r.at = err, time.Since(began)
		})
	}
	all.Wait()
}

const ms = time.Millisecond

// TestCommitTimes: a batch is stored at once if nothing is in flight, else when it is
// due or full. Requests are done when the store has confirmed the batch.
func TestCommitTimes(t *testing.T) {
	t.Parallel()
	full := batchBytes
	for name, row := range map[string]struct {
		requests []sent
		at       []time.Duration // that each is stored, at 40 ms for a PUT
		batches  [][]string
	}{
		"alone":                 {[]sent{{}}, []time.Duration{40 * ms}, [][]string{{"0"}}},
		"one after the other":   {[]sent{{}, {after: 50 * ms}}, []time.Duration{40 * ms, 90 * ms}, [][]string{{"0"}, {"1"}}},
		"due":                   {[]sent{{}, {after: 5 * ms}, {after: 29 * ms}, {after: 31 * ms}}, []time.Duration{40 * ms, 70 * ms, 70 * ms, 96 * ms}, [][]string{{"0"}, {"1", "2"}, {"3"}}},
		"idle before it is due": {[]sent{{}, {after: 20 * ms}}, []time.Duration{40 * ms, 80 * ms}, [][]string{{"0"}, {"1"}}},
		"full":                  {[]sent{{}, {after: ms, bytes: full / 2}, {after: 2 * ms, bytes: full / 2}, {after: 3 * ms}}, []time.Duration{40 * ms, 42 * ms, 42 * ms, 68 * ms}, [][]string{{"0"}, {"1", "2"}, {"3"}}},
		"four in flight": {
			[]sent{{}, {after: 1 * ms, bytes: full}, {after: 2 * ms, bytes: full}, {after: 3 * ms, bytes: full}, {after: 4 * ms, bytes: full}, {after: 5 * ms}},
			[]time.Duration{40 * ms, 41 * ms, 42 * ms, 43 * ms, 80 * ms, 81 * ms}, [][]string{{"0"}, {"1"}, {"2"}, {"3"}, {"4"}, {"5"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &shelf{took: 40 * ms}
				sendAll(newCommits(t, s), row.requests)
				var at []time.Duration
				for _, r := range row.requests {
					if r.err != nil {
						t.Error(r.err)
					}
					at = append(at, r.at)
				}
				if diff := cmp.Diff(row.at, at); diff != "" {
					t.Errorf("times (-want +got):\n%s", diff)
				}
				var batches [][]string
				for _, b := range s.batches {
					batches = append(batches, b.nonces)
				}
				if diff := cmp.Diff(row.batches, batches); diff != "" {
					t.Errorf("batches (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestSlowStore: a slow store gets larger batches, not more of them.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{took: time.Second}
		requests := make([]sent, 1000)
		for i := range requests {
			requests[i] = sent{after: time.Duration(i) * 2 * ms, bytes: 700}
		}
		sendAll(newCommits(t, s), requests)
		if len(s.batches) > 12 {
			t.Errorf("got %d batches in two seconds", len(s.batches))
		}
	})
}

// TestBatchOfADay: a new batch begins at midnight in China.
func TestBatchOfADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		midnight := schema.DayOf(time.Now()) + 1
		time.Sleep(time.Until(midnight.Start()) - 10*ms)
		s := &shelf{took: 40 * ms}
		sendAll(newCommits(t, s), []sent{{}, {after: 1 * ms}, {after: 11 * ms}})
		var days []schema.Day
		for _, b := range s.batches {
			days = append(days, b.day)
		}
		if diff := cmp.Diff([]schema.Day{midnight - 1, midnight - 1, midnight}, days); diff != "" {
			t.Errorf("days (-want +got):\n%s", diff)
		}
	})
}

// TestCommitFails: if the store does not confirm a batch its requests fail, whether the
// store has it or not, and later ones are stored.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &shelf{took: 40 * ms, fault: func(n int) (bool, error) {
				if n == 1 {
					return applied, errDown
				}
				return true, nil
			}}
			requests := []sent{{}, {after: ms}, {after: 2 * ms}, {after: 100 * ms}}
			c := newCommits(t, s)
			sendAll(c, requests)
			for i, r := range requests {
				if failed := i == 1 || i == 2; failed != errors.Is(r.err, errDown) {
					t.Errorf("request %d: got error %v", i, r.err)
				}
			}
			if got := len(s.stored(false)); (got == 4) != applied {
				t.Errorf("got %d stored", got)
			}
			if c.queued != 0 {
				t.Errorf("got %d bytes queued, want 0", c.queued)
			}
		})
	}
}

// TestStoreHangs: all requests fail in time, also those behind a batch that hangs.
func TestStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var requests []sent
		for i := range 3 * maxCommits {
			requests = append(requests, sent{after: time.Duration(i) * ms, bytes: batchBytes})
		}
		sendAll(newCommits(t, &shelf{took: time.Hour}), requests)
		for i, r := range requests {
			if !errors.Is(r.err, context.DeadlineExceeded) || r.at > r.after+commitTimeout+batchWait {
				t.Errorf("request %d: got %v after %s", i, r.err, r.at-r.after)
			}
		}
	})
}

// TestQueueIsBounded: requests beyond the limit are refused at once, and accepted again
// when there is room.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var requests []sent
		for range maxQueued/batchBytes + 3 {
			requests = append(requests, sent{bytes: batchBytes})
		}
		requests = append(requests, sent{after: time.Second, bytes: batchBytes})
		c := newCommits(t, &shelf{took: 40 * ms})
		sendAll(c, requests)
		full := 0
		for i, r := range requests {
			if errors.Is(r.err, errFull) {
				full++
				if r.at != 0 {
					t.Errorf("request %d was refused after %s", i, r.at)
				}
			}
		}
		if full != 3 || requests[len(requests)-1].err != nil || c.nearlyFull() {
			t.Errorf("got %d refused, the last: %v", full, requests[len(requests)-1].err)
		}
	})
}

// TestCloseDrains: close waits for the last batch and accepts nothing more.
func TestCloseDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{took: 40 * ms}
		c := newCommits(t, s)
		var last *batch
		for i := range 10 {
			var err error
			if last, err = c.add(1, fmt.Appendf(nil, "%d\n", i), 1); err != nil {
				t.Fatal(err)
			}
		}
		c.close()
		if err := last.wait(); err != nil || len(s.stored(false)) != 10 {
			t.Errorf("got error %v, stored %q", err, s.stored(false))
		}
		if _, err := c.add(1, nil, 1); !errors.Is(err, errClosed) {
			t.Errorf("after close: got error %v", err)
		}
	})
}

// TestNeverAcknowledgedBefore checks the guarantees for random schedules: a request is
// acknowledged only after it is stored, and stored once; batches and commits in flight are
// limited; no request waits for ever.
func TestNeverAcknowledgedBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		took := time.Duration(rapid.IntRange(0, 9000).Draw(r, "ms for a PUT")) * ms
		outcomes := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 8).Draw(r, "outcomes")
		requests := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) sent {
			return sent{
				after: time.Duration(rapid.IntRange(0, 300).Draw(r, "ms")) * ms,
				bytes: rapid.OneOf(rapid.IntRange(0, 1000), rapid.IntRange(0, maxBody), rapid.Just(batchBytes/2)).Draw(r, "bytes"),
			}
		}), 1, 60).Draw(r, "requests")
		var problem string
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			s := &shelf{took: took, fault: func(n int) (bool, error) {
				switch outcomes[n%len(outcomes)] {
				case 0:
					return false, errDown
				case 1:
					return true, errDown
				default:
					return true, nil
				}
			}}
			c := newCommits(t, s)
			sendAll(c, requests)
			c.close()
			problem = broken(s, requests, began)
			if c.queued != 0 || c.inFlight != 0 || c.open != nil || len(c.full) > 0 {
				problem += fmt.Sprintf("; left over: %d bytes, %d in flight", c.queued, c.inFlight)
			}
		})
		if problem != "" { // rapid has to hear of it outside of the bubble
			r.Fatal(problem)
		}
	})
}

// broken returns which guarantee does not hold, or "".
func broken(s *shelf, requests []sent, began time.Time) string {
	times := make(map[string][]time.Duration)
	for _, b := range s.batches {
		bytes := 0
		for _, nonce := range b.nonces {
			times[nonce] = append(times[nonce], b.at.Sub(began))
			var i int
			_, _ = fmt.Sscan(nonce, &i)
			bytes += requests[i].bytes
		}
		if bytes >= 2*batchBytes {
			return fmt.Sprintf("a batch has %d bytes", bytes)
		}
	}
	for i, r := range requests {
		stored := times[fmt.Sprint(i)]
		switch {
		case len(stored) > 1:
			return fmt.Sprintf("request %d was stored %d times", i, len(stored))
		case r.err == nil && (len(stored) == 0 || stored[0] > r.at):
			return fmt.Sprintf("request %d was acknowledged at %s, and stored at %v", i, r.at, stored)
		case errors.Is(r.err, errFull) && len(stored) > 0:
			return fmt.Sprintf("request %d was sent away, and is stored", i)
		}
	}
	names := make([]string, len(s.batches))
	for i, b := range s.batches {
		names[i] = b.name
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(s.batches) {
		return "two batches have the same name"
	}
	return ""
}
