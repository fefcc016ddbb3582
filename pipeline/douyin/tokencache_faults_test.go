package douyin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

// If a process dies while it fetches, the others wait for the end of the lease; if it is
// cancelled or fails, they do not.
func TestRefresherDies(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(t *testing.T, cache TokenCache){
		"killed": func(t *testing.T, cache TokenCache) {
			dead, err := sharedTokenOf(client(fast, nil), cache)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := dead.swap(t.Context(), cachedToken{Refresher: dead.self}, ""); err != nil {
				t.Fatal(err)
			}
		},
		"cancelled": func(t *testing.T, cache TokenCache) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			c := processes(1, &fake{delay: time.Minute}, cache, nil)[0]
			if _, err := c.Bills(ctx, someUnit, "0", 50); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		},
		"refused": func(t *testing.T, cache TokenCache) {
			c := processes(1, &fake{token: respond(200, `{"data":{"error_code":2119013}}`)}, cache, nil)[0]
			_, err := c.Bills(t.Context(), someUnit, "0", 50)
			mustFail(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cache := &memory{}
				leave(t, cache)
				if cache.content == nil {
					t.Fatal("no mark was left")
				}
				clients := processes(8, &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}, cache, nil)
				limit := 3 * rereadPause
				if name == "killed" {
					limit += tokenLease
				}
				if took := walkAll(t, someUnit, clients); took > limit || totalTokenCalls(clients) != 1 {
					t.Errorf("%d token calls in %v, want one in at most %v", totalTokenCalls(clients), took, limit)
				}
			})
		})
	}
}

// A process that fetches for longer than the lease is overtaken, and uses the token of
// the other process.
func TestSlowRefresherIsOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
		f.token = func(w http.ResponseWriter, r *http.Request) {
			n := f.tokenCount()
			if n == 1 {
				time.Sleep(tokenLease + 5*time.Second)
			}
			respond(200, tokenAnswer(n, "7200"))(w, r)
		}
		clients := processes(8, f, &memory{}, nil)
		took := walkAll(t, someUnit, clients)
		for i, c := range clients {
			if got := c.token.newest().Reveal(); got != canaryToken+"-2" {
				t.Errorf("process %d has %q, want the token of the other process", i, got)
			}
		}
		if totalTokenCalls(clients) != 2 || took > tokenLease+5*time.Second+3*rereadPause {
			t.Errorf("%d token calls in %v, want two", totalTokenCalls(clients), took)
		}
	})
}

// A process recognises its own mark even if the answer to the swap was lost.
func TestOwnMarkIsKnownAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		cache := &memory{}
		cache.fault = func() error {
			if calls++; calls == 2 { // the first Swap, after the first Load
				return schema.ErrTaken
			}
			return nil
		}
		clients := processes(1, &fake{bills: respond(200, emptyPage)}, cache, nil)
		if took := walkAll(t, someUnit, clients); took > 2*rereadPause || totalTokenCalls(clients) != 1 || calls != 5 {
			t.Errorf("%d token calls and %d of the cache in %v, want one, and one more load and swap", totalTokenCalls(clients), calls, took)
		}
	})
}

// A process that fetched a token of its own does not return to an older one of the cache.
func TestOlderTokenInTheCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, broken := &memory{}, false
		cache.fault = func() error {
			if broken {
				return errors.New("out of reach")
			}
			return nil
		}
		var f *fake
		f = &fake{bills: accepting(func(token string) bool { return token == fmt.Sprintf("%s-%d", canaryToken, f.tokenCount()) })}
		c := processes(1, f, cache, nil)[0]
		walk(t, c, 1, 1)
		for _, broken = range []bool{true, false} {
			f.mu.Lock()
			f.tokens++ // another program has fetched one
			f.mu.Unlock()
			walk(t, c, 1, 1)
		}
		if got := c.Stats(); got.Token != 3 || got.Retries != 2 {
			t.Errorf("%+v, want a token and a retry for each that was stolen", got)
		}
	})
}

// Content that cannot be decrypted counts as empty: one process replaces it.
func TestDamagedTokenCache(t *testing.T) {
	t.Parallel()
	sealed := func(app App, change func([]byte) []byte) []byte {
		other, err := sharedTokenOf(client(app, nil), nil)
		if err != nil {
			t.Fatal(err)
		}
		cache := &memory{}
		other.cache = cache
		future := time.Now().Add(100 * 365 * 24 * time.Hour)
		if _, err := other.swap(t.Context(), cachedToken{Serial: 7, Token: "canary-forged", RenewAt: future, Expires: future}, ""); err != nil {
			t.Fatal(err)
		}
		return change(cache.content)
	}
	same := func(b []byte) []byte { return b }
	otherKey, otherSecret := fast, fast
	otherKey.ClientKey, otherSecret.ClientSecret = "tt", schema.NewSecret("another-secret")
	for name, content := range map[string][]byte{
		"empty":          {},
		"text":           []byte("{}"),
		"cut":            sealed(fast, func(b []byte) []byte { return b[:len(b)-1] }),
		"a byte flipped": sealed(fast, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }),
		"another app":    sealed(otherKey, same),
		"another secret": sealed(otherSecret, same),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cache := &memory{content: content, version: 3}
				f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
				var log bytes.Buffer
				clients := processes(8, f, cache, &log)
				took := walkAll(t, someUnit, clients)
				if totalTokenCalls(clients) != 1 || took > 3*rereadPause || !strings.Contains(log.String(), "damaged") || strings.Contains(log.String(), "canary") {
					t.Errorf("%d token calls in %v, log %q", totalTokenCalls(clients), took, log.String())
				}
			})
		})
	}
}

// With a cache that fails or hangs, each process fetches a token after some seconds and
// logs a warning, and no call fails.
func TestTokenCacheOutOfReach(t *testing.T) {
	t.Parallel()
	broken := errors.New("the bucket says no")
	for name, cache := range map[string]TokenCache{
		"fails":           &memory{fault: func() error { return broken }},
		"hangs":           &memory{pause: func() time.Duration { return time.Hour }},
		"cannot write":    readOnly{broken},
		"always conflict": readOnly{schema.ErrTaken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{bills: respond(200, emptyPage), delay: 30 * time.Millisecond}
				var log bytes.Buffer
				clients := processes(3, f, cache, &log)
				took := walkAll(t, someUnit, clients)
				if totalTokenCalls(clients) != 3 || took > maxCacheWait+3*rereadPause {
					t.Errorf("%d token calls in %v, want one for each", totalTokenCalls(clients), took)
				}
				if !strings.Contains(log.String(), "level=WARN") {
					t.Errorf("no warning was logged: %q", log.String())
				}
			})
		})
	}
}

// readOnly is an empty cache that cannot be written.
type readOnly struct{ err error }

func (readOnly) Load(context.Context) ([]byte, string, error)           { return nil, "", nil }
func (r readOnly) Swap(context.Context, []byte, string) (string, error) { return "", r.err }

// sharedTokenOf returns a client's token, shared through the cache.
func sharedTokenOf(c *Client, cache TokenCache) (*sharedToken, error) {
	return newSharedToken(c.app, cache, c.fetchToken, c.jitter, c.log)
}
