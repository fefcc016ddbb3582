package claims

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// object is a Store in memory.
type object struct {
	mu      sync.Mutex
	data    []byte
	version int
	err     error // of every call, where set
}

func (o *object) Load(context.Context) ([]byte, string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data, fmt.Sprint(o.version), o.err
}

func (o *object) Swap(_ context.Context, data []byte, version string) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return "", o.err
	}
	if version != fmt.Sprint(o.version) {
		return "", schema.ErrTaken
	}
	o.data, o.version = data, o.version+1
	return fmt.Sprint(o.version), nil
}

var quiet = slog.New(slog.DiscardHandler)

func claim(run string, from, to schema.Day) Claim {
	return Claim{RunID: run, Job: "nightly", From: from, To: to, Buckets: []int{0}, Accounts: HashAccounts([]schema.Account{{ID: "1"}})}
}

// TestEnter: a run waits for one that does all of its work, and for no other.
func TestEnter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		from, to schema.Day
		waits    bool
		others   bool
	}{
		{"the same days", 10, 20, true, false},
		{"some of the days", 12, 15, true, false},
		{"other days, too", 15, 25, false, true},
		{"other days alone", 21, 25, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := Register{Store: &object{}}
				_, leave, err := r.Enter(t.Context(), claim("first", 10, 20), quiet)
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Hour, leave)
				began := time.Now()
				others, leave, err := r.Enter(t.Context(), claim("second", row.from, row.to), quiet)
				if err != nil {
					t.Fatal(err)
				}
				defer leave()
				if waited := time.Since(began) >= time.Hour; waited != row.waits || others != row.others {
					t.Errorf("got waited %v, others %v, want %v, %v", waited, others, row.waits, row.others)
				}
				time.Sleep(time.Hour) // until the first has left
			})
		})
	}
}

// TestEnterShards: a shard of a living night with another number of shards is refused, and those of that
// night are not, though they come after it; it goes on where they are gone.
func TestEnterShards(t *testing.T) {
	t.Parallel()
	shard := func(run string, bucket, count int, from schema.Day) Claim {
		c := claim(run, from, 20)
		c.Buckets, c.Shards, c.Accounts = []int{bucket}, count, run
		return c
	}
	for _, row := range []struct {
		name  string
		claim Claim
		ends  time.Duration // the night's first shard does, after this time; it was killed where it is 0
		want  error
	}{
		{"the same number", shard("own", 1, 3, 10), time.Minute, nil},
		{"another number", shard("own", 1, 2, 10), time.Minute, ErrShards},
		{"another number, of a night that was told to end", shard("own", 1, 2, 10), 20 * time.Second, nil},
		{"another number, of a night that was killed", shard("own", 1, 2, 10), 0, nil},
		{"another number, of other days", shard("own", 1, 2, 11), time.Minute, nil},
		{"the whole run", shard("own", 1, 0, 10), time.Minute, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				first := shard("first", 0, 3, 10)
				data, err := json.Marshal([]Claim{first})
				if err != nil {
					t.Fatal(err)
				}
				r := Register{Store: &object{data: data}} // as a run that was killed leaves it
				enters := func(c Claim, ends time.Duration) {
					_, leave, err := r.Enter(t.Context(), c, quiet)
					if err != nil {
						t.Errorf("the night's %s shard: %v", c.RunID, err)
					}
					time.AfterFunc(ends, leave)
				}
				if row.ends > 0 {
					enters(first, row.ends)
				}
				if row.want != nil {
					time.AfterFunc(time.Second, func() { enters(shard("last", 2, 3, 10), row.ends) })
				}
				began := time.Now()
				_, own, err := r.Enter(t.Context(), row.claim, quiet)
				own()
				if took := time.Since(began); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) || took > refuseAfter+renewEvery {
					t.Errorf("got %v after %v, want %v", err, took, row.want)
				}
				time.Sleep(time.Hour) // until the others have left
			})
		})
	}
}

// TestEnterErrors: a store that denies the claim is an error, one that fails is not.
func TestEnterErrors(t *testing.T) {
	t.Parallel()
	for fault, want := range map[error]error{schema.ErrDenied: ErrDenied, errors.New("timeout"): nil} {
		_, leave, err := Register{Store: &object{err: fault}}.Enter(t.Context(), claim("run", 10, 20), quiet)
		leave()
		if !errors.Is(err, want) {
			t.Errorf("store error %v: got %v, want %v", fault, err, want)
		}
	}
}

// TestHashAccounts: the order of accounts does not matter, the accounts do.
func TestHashAccounts(t *testing.T) {
	t.Parallel()
	one, two := schema.Account{ID: "1"}, schema.Account{ID: "2"}
	a, b, c := HashAccounts([]schema.Account{one, two}), HashAccounts([]schema.Account{two, one}), HashAccounts([]schema.Account{one})
	if a != b || a == c {
		t.Errorf("got %s, %s and %s, want the first two equal and the third another one", a, b, c)
	}
}
