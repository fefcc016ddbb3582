package receive

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// TestRepeats: a callback that is repeated, in turn or concurrently, is acknowledged each
// time and stored once. With another signature it is stored again.
func TestRepeats(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(nonce string) *post{
		"rsa":                func(nonce string) *post { return signedPost(nonce, someBody) },
		"rsa, in quarantine": func(nonce string) *post { return signedPost(nonce, "no JSON") },
		"too old": func(nonce string) *post {
			return signedBy(platformKey(), time.Now().Add(-maxAge-time.Hour), nonce, someBody)
		},
		"old-style":               func(nonce string) *post { return legacyPost(time.Now(), nonce, `{"appid":"tt1"}`) },
		"old-style, one address":  func(nonce string) *post { return at("/callbacks/settle/trade", legacyPost(time.Now(), nonce, "{}")) },
		"old-style, other spaces": func(nonce string) *post { return padded(legacyPost(time.Now(), nonce, "{}")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ourTime()
				f := newFixture(t, nil)
				f.shelf.took = 100 * time.Millisecond
				first, second := make("first"), make("second")
				for range 3 {
					var running sync.WaitGroup
					for range 1000 {
						running.Go(func() { wantAcknowledged(t, first.to(f)) })
					}
					running.Wait()
				}
				wantAcknowledged(t, second.to(f))
				if n := len(f.shelf.stored(false)) + len(f.shelf.stored(true)); n != 2 {
					t.Errorf("got %d callbacks stored, want 2", n)
				}
				if n := f.number(t, "repeated_total", "app", "trade"); n != 2999 {
					t.Errorf("got %v repeats counted", n)
				}
				if n := len(f.seen.pending); n != 0 {
					t.Errorf("got %d pending, want 0", n)
				}
			})
		})
	}
}

func wantAcknowledged(t *testing.T, w interface {
	Result() *http.Response
}) {
	t.Helper()
	if status := w.Result().StatusCode; status != http.StatusOK {
		t.Errorf("got status %d", status)
	}
}

// padded changes a part of the body that the old signature does not cover.
func padded(p *post) *post {
	p.body = append([]byte("  "), p.body...)
	return p
}

// TestRepeatsOfFailure: a callback that could not be stored is not taken for a repeat.
func TestRepeatsOfFailure(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.shelf.fault = func(n int) (bool, error) {
		if n < 2 {
			return false, errDown
		}
		return true, nil
	}
	p := signedPost("n", someBody)
	for i, want := range []int{503, 503, 200, 200} {
		if w := p.to(f); w.Code != want {
			t.Errorf("try %d: %d, want %d", i, w.Code, want)
		}
	}
	if n := f.shelf.stored(false); len(n) != 1 {
		t.Errorf("got stored %q", n)
	}
}

// TestRepeatsOfOldStyle: the old signature does not cover the type. A copy with another type
// goes to quarantine, and must not prevent that the right one is stored.
func TestRepeatsOfOldStyle(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *Config) {
		c.Readable = func(c *schema.Callback) error {
			if strings.Contains(string(c.Body), "refund") {
				return errDown
			}
			return nil
		}
	})
	right := legacyPost(time.Now(), "n", "{}")
	changed := legacyPost(time.Now(), "n", "{}")
	changed.body = []byte(strings.Replace(string(changed.body), "settle", "refund", 1))
	for _, p := range []*post{changed, changed, right, changed, right} {
		wantAcknowledged(t, p.to(f))
	}
	if taken, apart := f.shelf.stored(false), f.shelf.stored(true); len(taken) != 1 || len(apart) != 1 {
		t.Errorf("got stored %q, in quarantine %q", taken, apart)
	}
}

// TestRepeatsAreBounded: repeats has a limited size, and forgets what is as old as a callback
// may be.
func TestRepeatsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r := &repeats{now: func() time.Time { return now }, pending: make(map[repeatKey]*batch)}
	keyOf := func(n int) repeatKey { return repeatKeyOf(&schema.Callback{Signature: fmt.Sprint(n)}, false) }
	for n := range 5 * maxRemembered {
		r.remember(keyOf(n))
		if n >= maxRemembered && !r.knows(keyOf(n-maxRemembered+1)) {
			t.Fatalf("got %d forgotten at %d", n-maxRemembered+1, n)
		}
	}
	if n := len(r.new) + len(r.old); n > 2*maxRemembered || r.knows(keyOf(0)) {
		t.Errorf("got %d remembered, the first: %v", n, r.knows(keyOf(0)))
	}
	last := keyOf(5*maxRemembered - 1)
	for _, want := range []bool{true, false} {
		now = now.Add(maxAge + maxAhead + time.Second)
		r.remember(keyOf(-now.Second()))
		if r.knows(last) != want {
			t.Errorf("at %s: got known %v", now, !want)
		}
	}
}
