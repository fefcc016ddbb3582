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

// memory is a token cache that may be slow, and may lie.
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

// processes are clients of one app, each as a process of its own.
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

// together lets all processes walk side by side; every call has to be answered.
func together(t *testing.T, u schema.Unit, clients []*Client) (took time.Duration) {
	t.Helper()
	began := time.Now()
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() { walkUnit(t, c, u, 4, 5) })
	}
	all.Wait()
	return time.Since(began)
}

// tokenCalls adds up what the processes asked for.
func tokenCalls(clients []*Client) (n int64) {
	for _, c := range clients {
		n += c.Stats().Token
	}
	return n
}

// inProcess is the simulated platform without a socket, and a unit it knows.
func inProcess() (http.RoundTripper, schema.Unit) {
	p := sandbox.New(sandbox.Config{Healthy: true, Bills: 10, Latency: 30 * time.Millisecond, ClientKey: fast.ClientKey, ClientSecret: fast.ClientSecret})
	return &through{p.ServeHTTP}, schema.Unit{Account: p.Accounts()[0], Day: someDay}
}

// Eight processes need one token, one more when that ends, and one more when
// somebody else's calls end that before its time. Late ones need none.
func TestProcessesShareOneToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform, u := inProcess()
		cache := &memory{}
		clients := processes(8, platform, cache, nil)
		want := func(calls int64, when string) {
			t.Helper()
			if got := tokenCalls(clients); got != calls {
				t.Errorf("%d token calls %s, want %d", got, when, calls)
			}
		}
		together(t, u, clients)
		want(1, "at first")
		if token := clients[0].token.newest().Reveal(); token == "" || bytes.Contains(cache.content, []byte(token)) || bytes.Contains(cache.content, []byte("token")) {
			t.Errorf("the token %q can be read in %q", token, cache.content)
		}
		time.Sleep(time.Until(clients[0].token.held.renewAt))
		clients = append(clients, processes(1, platform, cache, nil)...)
		walkUnit(t, clients[8], u, 1, 1) // a process that has never seen the token that is due
		want(2, "as the token is due")
		together(t, u, clients)
		want(2, "after the token's life")
		for range 2 {
			walkUnit(t, client(fast, platform), u, 1, 1) // without the cache
		}
		together(t, u, clients)
		want(3, "after it was stolen")
		late := processes(1, platform, cache, nil)
		if walkUnit(t, late[0], u, 4, 5); tokenCalls(late) != 0 {
			t.Error("a late process does not take the token that there is")
		}
	})
}

// However the calls of the cache interleave, one process fetches. Where answers of
// the cache are lost, more may, and every call is answered all the same.
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
				n := f.fetched()
				newest = fmt.Sprintf("%s-%d", canaryToken, n)
				mu.Unlock()
				say(200, tokenAnswer(n, "7200"))(w, r)
			}
			f.bills = accepting(func(token string) bool { return token != "" })
			clients := processes(8, f, cache, nil)
			together(t, someUnit, clients)
			if got := tokenCalls(clients); !lossy && got != 1 || got > 16 {
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

// A process with a wrong secret spoils the cache, but not the others' run.
func TestWrongSecretBesideRightOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform, u := inProcess()
		cache := &memory{}
		clients := processes(4, platform, cache, nil)
		together(t, u, clients)
		mistaken := fast
		mistaken.ClientSecret = schema.NewSecret("mistaken-secret")
		_, err := New(mistaken, WithTransport(platform), WithTokenCache(cache), WithLogger(slog.New(slog.DiscardHandler))).Bills(t.Context(), u, "0", 50)
		if fault := mustFail(t, err); fault.Code != 10013 {
			t.Errorf("got %v", err)
		}
		clients = append(clients, processes(4, platform, cache, nil)...)
		together(t, u, clients)
		time.Sleep(10 * time.Minute) // the first token is dead by now
		together(t, u, clients)
		if got := tokenCalls(clients); got != 2 {
			t.Errorf("%d token calls, want one more for the spoilt cache", got)
		}
	})
}
