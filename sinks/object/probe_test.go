package object_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// bent is a store in memory that does one thing wrong.
type bent struct {
	*objecttest.Mem
	put  func(m *objecttest.Mem, ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error)
	get  func(m *objecttest.Mem, ctx context.Context, key string) (io.ReadCloser, Info, error)
	list func(m *objecttest.Mem, ctx context.Context, prefix string) iter.Seq2[Info, error]
}

func (b bent) Put(ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
	if b.put == nil {
		return b.Mem.Put(ctx, key, body, cond, meta)
	}
	return b.put(b.Mem, ctx, key, body, cond, meta)
}

func (b bent) Get(ctx context.Context, key string) (io.ReadCloser, Info, error) {
	if b.get == nil {
		return b.Mem.Get(ctx, key)
	}
	return b.get(b.Mem, ctx, key)
}

func (b bent) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	if b.list == nil {
		return b.Mem.List(ctx, prefix)
	}
	return b.list(b.Mem, ctx, prefix)
}

// judging is a store that applies another condition than the given one.
func judging(as func(m *objecttest.Mem, key string, cond Condition) (Condition, error)) bent {
	return bent{Mem: objecttest.NewMem(), put: func(m *objecttest.Mem, ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
		cond, err := as(m, key, cond)
		if err != nil {
			return Info{}, err
		}
		return m.Put(ctx, key, body, cond, meta)
	}}
}

// checkThenWrite is a store that compares when a request arrives, and writes a millisecond
// later without comparing again. Requests arrive within spread.
func checkThenWrite(spread time.Duration, broken func(Condition) bool) bent {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	return judging(func(m *objecttest.Mem, key string, cond Condition) (Condition, error) {
		mu.Lock()
		delay := time.Duration(random.Int64N(int64(spread)))
		mu.Unlock()
		time.Sleep(delay)
		if !broken(cond) {
			return cond, nil
		}
		now, err := m.Head(context.Background(), key)
		if !cond.Holds(err == nil, now.ETag) {
			return cond, ErrConflict
		}
		time.Sleep(time.Millisecond)
		return Always(), nil
	})
}

func both(Condition) bool { return true }

// TestProbeRefuses: each known fault of a store is found.
func TestProbeRefuses(t *testing.T) {
	var never Info
	for name, c := range map[string]struct {
		store func() Store
		want  string // in the reason
	}{
		"ignores all conditions": {func() Store {
			return judging(func(*objecttest.Mem, string, Condition) (Condition, error) { return Always(), nil })
		}, "If-None-Match is ignored"},
		"ignores If-None-Match": {func() Store {
			return judging(func(_ *objecttest.Mem, _ string, cond Condition) (Condition, error) {
				if cond.Absent() {
					cond = Always()
				}
				return cond, nil
			})
		}, "If-None-Match is ignored"},
		"ignores If-Match": {func() Store {
			return judging(func(_ *objecttest.Mem, _ string, cond Condition) (Condition, error) {
				if cond.Matches() {
					cond = Always()
				}
				return cond, nil
			})
		}, "stale ETag"},
		"ignores If-Match without an object": {func() Store {
			return judging(func(m *objecttest.Mem, key string, cond Condition) (Condition, error) {
				if _, err := m.Head(context.Background(), key); cond.Matches() && err != nil {
					cond = Always()
				}
				return cond, nil
			})
		}, "that is not there"},
		"takes If-None-Match the other way round": {func() Store {
			return judging(func(m *objecttest.Mem, key string, cond Condition) (Condition, error) {
				if _, err := m.Head(context.Background(), key); cond.Absent() && err != nil {
					return cond, ErrConflict
				}
				return cond, nil
			})
		}, "refused to create"},
		"never swaps": {func() Store {
			return judging(func(_ *objecttest.Mem, _ string, cond Condition) (Condition, error) {
				if cond.Matches() {
					return cond, ErrConflict
				}
				return cond, nil
			})
		}, "refused to replace"},
		"compares, then writes":                      {func() Store { return checkThenWrite(10*time.Millisecond, both) }, "raced to create"},
		"compares, then writes, over a slow network": {func() Store { return checkThenWrite(100*time.Millisecond, both) }, "raced to"},
		"swaps are compared, then written": {func() Store {
			return checkThenWrite(10*time.Millisecond, func(c Condition) bool { return c.Matches() })
		}, "raced to replace"},
		"keeps the last writer, answers the first": {func() Store { return keepsLast(objecttest.NewMem()) }, "raced to create one object"},
		"reads are late": {func() Store {
			return bent{Mem: objecttest.NewMem(), get: func(*objecttest.Mem, context.Context, string) (io.ReadCloser, Info, error) {
				return nil, never, ErrNotFound
			}}
		}, "GET gave"},
		"listings are late": {func() Store {
			return bent{Mem: objecttest.NewMem(), list: func(*objecttest.Mem, context.Context, string) iter.Seq2[Info, error] {
				return func(func(Info, error) bool) {}
			}}
		}, "a listing gave"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := c.store()
				for range 2 { // a refusal is not remembered
					_, err := EnsureProbed(t.Context(), store, time.Now(), nil)
					broken, ok := errors.AsType[*ProbeError](err)
					if !ok || !strings.Contains(broken.Reason, c.want) || !strings.Contains(broken.Fix, "billwalk check") {
						t.Errorf("%v, want a ProbeError with %q and what to do", err, c.want)
					}
				}
				for info := range memOf(store).List(t.Context(), "") {
					if !strings.HasPrefix(info.Key, ProbeFolder) {
						t.Errorf("%s was written to a store that is refused", info.Key)
					}
				}
			})
		})
	}
}

func memOf(s Store) *objecttest.Mem { return s.(bent).Mem }

// keepsLast is a store that creates correctly, and still keeps the losers' bytes.
func keepsLast(m *objecttest.Mem) bent {
	return bent{Mem: m, put: func(m *objecttest.Mem, ctx context.Context, key string, body io.ReadSeeker, cond Condition, meta map[string]string) (Info, error) {
		info, err := m.Put(ctx, key, body, cond, meta)
		if errors.Is(err, ErrConflict) && strings.Contains(key, "race-") {
			if _, err := m.Put(ctx, key, body, Always(), meta); err != nil {
				return Info{}, err
			}
		}
		return info, err
	}}
}

// A store that throttles, loses answers or reports conflicts in progress is not broken.
func TestProbeUnderFaults(t *testing.T) {
	for name, lost := range map[string]struct {
		share   int // of 100 writes
		applied func(n int) bool
	}{
		"some writes are throttled":    {30, func(int) bool { return false }},
		"some answers are lost":        {30, func(int) bool { return true }},
		"some of both":                 {50, func(n int) bool { return n%2 == 0 }},
		"most conflicts are in flight": {90, func(int) bool { return false }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, n := objecttest.NewMem(), 0
				random := rand.New(rand.NewPCG(3, 4))
				var mu sync.Mutex
				store.Fault = func(op objecttest.Op, key string) (bool, error) {
					mu.Lock()
					defer mu.Unlock()
					// Half of the writes that are not raced for go through, so that the tries suffice.
					if op != objecttest.OpPut || random.IntN(100) >= lost.share || !strings.Contains(key, "race-") && random.IntN(2) == 0 {
						return false, nil
					}
					n++
					return lost.applied(n), ErrUnknown
				}
				if _, err := Probe(t.Context(), store, nil); err != nil {
					t.Error(err)
				}
				if n == 0 {
					t.Error("nothing was lost")
				}
			})
		})
	}
}

// An error that prevents the test is not a *ProbeError.
func TestProbeUnanswered(t *testing.T) {
	denied := errors.New("403")
	for name, c := range map[string]struct {
		fault func(op objecttest.Op, key string) error
		want  error
		word  string
	}{
		"out of reach": {func(objecttest.Op, string) error { return ErrUnknown }, ErrUnknown, "read from"},
		"no writes":    {func(op objecttest.Op, _ string) error { return map[objecttest.Op]error{objecttest.OpPut: denied}[op] }, denied, "write to"},
		"no reads": {func(op objecttest.Op, key string) error {
			if op == objecttest.OpGet && key != ProbeKey {
				return denied
			}
			return nil
		}, denied, "read from"},
		"no lists": {func(op objecttest.Op, _ string) error { return map[objecttest.Op]error{objecttest.OpList: denied}[op] }, denied, "list"},
		"all races are throttled": {func(op objecttest.Op, key string) error {
			if op == objecttest.OpPut && strings.Contains(key, "race-") {
				return ErrUnknown
			}
			return nil
		}, ErrUnknown, "throttled"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := objecttest.NewMem()
				store.Fault = func(op objecttest.Op, key string) (bool, error) { return false, c.fault(op, key) }
				_, err := EnsureProbed(t.Context(), store, time.Now(), nil)
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.word) {
					t.Errorf("%v, want %v and %q", err, c.want, c.word)
				}
				if _, ok := errors.AsType[*ProbeError](err); ok {
					t.Errorf("%v: a finding, although nothing was found", err)
				}
			})
		})
	}
}

// TestEnsureProbed: the probe runs once a day, for this store, by this version.
func TestEnsureProbed(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		later  time.Duration
		record string // replaces the one that the first probe left
		again  bool
	}{
		"at once":              {0, "", false},
		"the same day":         {23 * time.Hour, "", false},
		"the next day":         {24 * time.Hour, "", true},
		"the clock was wrong":  {-time.Hour, "", true},
		"an older version":     {0, `{"version":0,"probed_at":"2026-11-20T06:00:00Z","store":""}`, true},
		"another store's":      {0, `{"version":1,"probed_at":"2026-11-20T06:00:00Z","store":"https://elsewhere/lake"}`, true},
		"a damaged record":     {0, `{"version":1,"probed_at":"2026`, true},
		"a record by its form": {0, `{"version":1,"probed_at":"2026-11-20T06:00:00Z","store":""}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := objecttest.NewMem()
			if _, err := EnsureProbed(t.Context(), store, began, nil); err != nil {
				t.Fatal(err)
			}
			if c.record != "" {
				if _, err := store.Put(t.Context(), ProbeKey, strings.NewReader(c.record), Always(), nil); err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			writes := 0
			store.Fault = func(op objecttest.Op, _ string) (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				if op == objecttest.OpPut {
					writes++
				}
				return false, nil
			}
			for range 2 { // the second time is remembered
				if _, err := EnsureProbed(t.Context(), store, began.Add(c.later), nil); err != nil {
					t.Fatal(err)
				}
			}
			races := ProbeWrites
			if once := writes > races && writes < 2*races; writes > 0 != c.again || c.again && !once {
				t.Errorf("%d writes, want a probe: %t, of some %d", writes, c.again, races)
			}
		})
	}
}

// TestCopyIsProbed: a lake that was copied elsewhere, with what it keeps of its probe, is probed
// there, also where the store hides secrets in its errors.
func TestCopyIsProbed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	first, copied := t.TempDir(), t.TempDir()
	for _, c := range []struct {
		folder string
		again  bool
	}{{first, true}, {first, false}, {copied, true}, {copied, false}} {
		if c.folder == copied && c.again {
			if err := os.CopyFS(copied, os.DirFS(first)); err != nil {
				t.Fatal(err)
			}
		}
		trial, err := EnsureProbed(t.Context(), Hiding(open(t, "file:"+c.folder, S3Options{}), strings.ToUpper), now, nil)
		if err != nil || trial.Written != c.again {
			t.Errorf("the copy %t: probed %t (%v), want %t", c.folder == copied, trial.Written, err, c.again)
		}
	}
}

// Two runs that probe at once both succeed.
func TestEnsureProbedTwice(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := EnsureProbed(t.Context(), store, time.Now(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
