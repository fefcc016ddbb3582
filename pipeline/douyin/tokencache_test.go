package douyin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/pipeline/douyin/sandbox"
	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// memory is a token cache in memory, with delays and faults.
type memory struct {
	pause func() time.Duration // of every call; nil is none
	fault func() error         // of every call, after it has taken effect; nil is none

	mu      sync.Mutex
	content []byte
	version int
}

func (m *memory) answer(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.pause != nil {
		if err := stop.Sleep(ctx, m.pause()); err != nil {
			return err
		}
	}
	if m.fault != nil {
		return m.fault()
	}
	return nil
}

func (m *memory) Load(ctx context.Context) ([]byte, string, error) {
	m.mu.Lock()
	content, version := m.content, strconv.Itoa(m.version)
	m.mu.Unlock()
	if content == nil {
		version = ""
	}
	return content, version, m.answer(ctx)
}

func (m *memory) Swap(ctx context.Context, sealed []byte, version string) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	stored, err := m.store(sealed, version)
	return stored, errors.Join(err, m.answer(ctx))
}

func (m *memory) store(sealed []byte, version string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := strconv.Itoa(m.version); m.content == nil && version != "" || m.content != nil && version != at {
		return "", schema.ErrTaken
	}
	m.content, m.version = sealed, m.version+1
	return strconv.Itoa(m.version), nil
}

// processes returns clients of one app that stand for processes of their own.
func processes(n int, platform http.RoundTripper, cache TokenCache, log *bytes.Buffer) []*Client {
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, nil))
	}
	clients := make([]*Client, n)
	for i := range clients {
		clients[i] = New(fast, WithTransport(platform), WithTokenCache(cache), WithLogger(logger))
	}
	return clients
}

// walkAll walks with all processes concurrently; every call must succeed.
func walkAll(t *testing.T, u schema.Unit, clients []*Client) (took time.Duration) {
	t.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() { walkUnit(t, c, u, 4, 5) })
	}
	all.Wait()
	return time.Since(began)
}

// totalTokenCalls returns the sum of the processes' token calls.
func totalTokenCalls(clients []*Client) (n int64) {
	for _, c := range clients {
		n += c.Stats().Token
	}
	return n
}

// sandboxPlatform returns the simulated platform without a socket, and one of its units.
func sandboxPlatform() (http.RoundTripper, schema.Unit) {
	p := sandbox.New(sandbox.Config{Healthy: true, Bills: 10, Latency: 30 * time.Millisecond, ClientKey: fast.ClientKey, ClientSecret: fast.ClientSecret})
	return &handlerTransport{p.ServeHTTP}, schema.Unit{Account: p.Accounts()[0], Day: someDay}
}

// Eight processes fetch one token, one more when it expires, and one more when another
// program ends that. A process that starts late fetches none.
func TestProcessesShareOneToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform, u := sandboxPlatform()
		cache := &memory{}
		clients := processes(8, platform, cache, nil)
		want := func(calls int64, when string) {
			t.Helper()
			if got := totalTokenCalls(clients); got != calls {
				t.Errorf("%d token calls %s, want %d", got, when, calls)
			}
		}
		began := time.Now()
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() {
				if err := c.Token(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took > 150*time.Millisecond {
			t.Errorf("the last process had the token after %v, though to fetch it takes 30 ms", took)
		}
		walkAll(t, u, clients)
		want(1, "at first")
		if token := clients[0].token.newest().Reveal(); token == "" || bytes.Contains(cache.content, []byte(token)) || bytes.Contains(cache.content, []byte("token")) {
			t.Errorf("the token %q can be read in %q", token, cache.content)
		}
		time.Sleep(time.Until(clients[0].token.held.renewAt))
		clients = append(clients, processes(1, platform, cache, nil)...)
		walkUnit(t, clients[8], u, 1, 1) // a process that never had the expiring token
		want(2, "as the token is due")
		walkAll(t, u, clients)
		want(2, "after the token's life")
		for range 2 {
			walkUnit(t, client(fast, platform), u, 1, 1) // without the cache
		}
		walkAll(t, u, clients)
		want(3, "after it was stolen")
		late := processes(1, platform, cache, nil)
		if walkUnit(t, late[0], u, 4, 5); totalTokenCalls(late) != 0 {
			t.Error("a process that starts late does not use the cached token")
		}
	})
}

// One process fetches, however the operations of the cache interleave. If answers of the
// cache are lost, more may fetch, but no call fails.
func TestTokenSwapsRace(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			dice := rand.New(rand.NewPCG(seed, 1))
			draw := func(n int64) int64 {
				mu.Lock()
				defer mu.Unlock()
				return dice.Int64N(n)
			}
			cache := &memory{pause: func() time.Duration { return time.Duration(draw(int64(300 * time.Millisecond))) }}
			lossy := seed%2 == 1
			if lossy {
				lost := []error{schema.ErrTaken, errors.New("the answer was lost")}
				cache.fault = func() error {
					if n := draw(10); n < 2 {
						return lost[n]
					}
					return nil
				}
			}
			newest := ""
			f := &fake{delay: 30 * time.Millisecond}
			f.token = func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				n := f.tokenCount()
				newest = fmt.Sprintf("%s-%d", canaryToken, n)
				mu.Unlock()
				respond(200, tokenAnswer(n, "7200"))(w, r)
			}
			f.bills = accepting(func(token string) bool { return token != "" })
			clients := processes(8, f, cache, nil)
			walkAll(t, someUnit, clients)
			if got := totalTokenCalls(clients); !lossy && got != 1 || got > 16 {
				t.Errorf("seed %d: %d token calls", seed, got)
			}
			for _, c := range clients {
				if got := c.token.newest().Reveal(); !lossy && got != newest {
					t.Errorf("seed %d: a process has %q, the newest is %q", seed, got, newest)
				}
			}
		})
	}
}

// A process with a wrong secret damages the cache, but the others' calls succeed.
func TestWrongSecretBesideRightOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform, u := sandboxPlatform()
		cache := &memory{}
		clients := processes(4, platform, cache, nil)
		walkAll(t, u, clients)
		mistaken := fast
		mistaken.ClientSecret = schema.NewSecret("mistaken-secret")
		_, err := New(mistaken, WithTransport(platform), WithTokenCache(cache), WithLogger(slog.New(slog.DiscardHandler))).Bills(t.Context(), u, "0", 50)
		if fault := mustFail(t, err); fault.Code != 10013 {
			t.Errorf("got %v", err)
		}
		clients = append(clients, processes(4, platform, cache, nil)...)
		walkAll(t, u, clients)
		time.Sleep(10 * time.Minute) // the first token is dead by now
		walkAll(t, u, clients)
		if got := totalTokenCalls(clients); got != 2 {
			t.Errorf("%d token calls, want one more for the damaged cache", got)
		}
	})
}
