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

// A process that dies while it fetches costs the others the lease; one that gives
// up, or fails, costs them nothing.
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
			c := processes(1, &fake{token: say(200, `{"data":{"error_code":2119013}}`)}, cache, nil)[0]
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
				clients := processes(8, &fake{bills: say(200, emptyPage), delay: 30 * time.Millisecond}, cache, nil)
				most := 3 * rereadPause
				if name == "killed" {
					most += tokenLease
				}
				if took := together(t, someUnit, clients); took > most || tokenCalls(clients) != 1 {
					t.Errorf("%d token calls in %v, want one in at most %v", tokenCalls(clients), took, most)
				}
			})
		})
	}
}

// A process that fetches for longer than the lease is overtaken, and takes what
// the other has fetched.
func TestSlowRefresherIsOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: say(200, emptyPage), delay: 30 * time.Millisecond}
		f.token = func(w http.ResponseWriter, r *http.Request) {
			n := f.fetched()
			if n == 1 {
				time.Sleep(tokenLease + 5*time.Second)
			}
			say(200, tokenAnswer(n, "7200"))(w, r)
		}
		clients := processes(8, f, &memory{}, nil)
		took := together(t, someUnit, clients)
		for i, c := range clients {
			if got := c.token.newest().Reveal(); got != canaryToken+"-2" {
				t.Errorf("process %d has %q, want what the overtaker has fetched", i, got)
			}
		}
		if tokenCalls(clients) != 2 || took > tokenLease+5*time.Second+3*rereadPause {
			t.Errorf("%d token calls in %v, want two", tokenCalls(clients), took)
		}
	})
}

// A mark whose answer was lost is known again as this process's own.
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
		clients := processes(1, &fake{bills: say(200, emptyPage)}, cache, nil)
		if took := together(t, someUnit, clients); took > 2*rereadPause || tokenCalls(clients) != 1 || calls != 5 {
			t.Errorf("%d token calls and %d of the cache in %v, want one, and a look and a swap more", tokenCalls(clients), calls, took)
		}
	})
}

// A process that had to go its own way does not go back to an older token.
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
		f = &fake{bills: accepting(func(token string) bool { return token == fmt.Sprintf("%s-%d", canaryToken, f.fetched()) })}
		c := processes(1, f, cache, nil)[0]
		walk(t, c, 1, 1)
		for _, broken = range []bool{true, false} {
			f.mu.Lock()
			f.tokens++ // somebody else has fetched one
			f.mu.Unlock()
			walk(t, c, 1, 1)
		}
		if got := c.Stats(); got.Token != 3 || got.Retries != 2 {
			t.Errorf("%+v, want a token and a repeat for each that was stolen", got)
		}
	})
}

// What does not open is nothing: one process replaces it.
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
				f := &fake{bills: say(200, emptyPage), delay: 30 * time.Millisecond}
				var log bytes.Buffer
				clients := processes(8, f, cache, &log)
				took := together(t, someUnit, clients)
				if tokenCalls(clients) != 1 || took > 3*rereadPause || !strings.Contains(log.String(), "damaged") || strings.Contains(log.String(), "canary") {
					t.Errorf("%d token calls in %v, log %q", tokenCalls(clients), took, log.String())
				}
			})
		})
	}
}

// A cache that fails, or hangs, costs a token for each process, some seconds and a
// warning, but no call.
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
				f := &fake{bills: say(200, emptyPage), delay: 30 * time.Millisecond}
				var log bytes.Buffer
				clients := processes(3, f, cache, &log)
				took := together(t, someUnit, clients)
				if tokenCalls(clients) != 3 || took > maxCacheWait+3*rereadPause {
					t.Errorf("%d token calls in %v, want one for each", tokenCalls(clients), took)
				}
				if !strings.Contains(log.String(), "level=WARN") {
					t.Errorf("nobody was told: %q", log.String())
				}
			})
		})
	}
}

// readOnly is an empty cache that stays so.
type readOnly struct{ err error }

func (readOnly) Load(context.Context) ([]byte, string, error)           { return nil, "", nil }
func (r readOnly) Swap(context.Context, []byte, string) (string, error) { return "", r.err }

// sharedTokenOf returns a client's token as a process shares it through the cache.
func sharedTokenOf(c *Client, cache TokenCache) (*sharedToken, error) {
	return newSharedToken(c.app, cache, c.fetchToken, c.jitter, c.log)
}
