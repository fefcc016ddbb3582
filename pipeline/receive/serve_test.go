package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowSenders: slow and silent senders are cut off, and others are served meanwhile.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	whole := string(signedPost("n", someBody).wire())
	headers, body, _ := strings.Cut(whole, "\r\n\r\n")
	for name, row := range map[string]struct {
		once, slowly string
		within       time.Duration
	}{
		"nothing":              {"", "", 5 * time.Second},
		"headers byte by byte": {"", headers, 5 * time.Second},
		"no end of headers":    {headers, "", 5 * time.Second},
		"body byte by byte":    {headers + "\r\n\r\n", body, 10 * time.Second},
		"no end of the body":   {headers + "\r\n\r\n" + body[1:], "", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ourTime()
				f := newFixture(t, nil)
				l, _ := f.servingAt(t)
				const senders = 50
				began := time.Now()
				var writing, reading sync.WaitGroup
				for range senders {
					conn := dialed(t, l)
					writing.Go(func() {
						_, err := io.WriteString(conn, row.once)
						for i := 0; i < len(row.slowly) && err == nil; i++ {
							time.Sleep(time.Second)
							_, err = io.WriteString(conn, row.slowly[i:i+1])
						}
					})
					reading.Go(func() { _, _ = io.Copy(io.Discard, conn) }) // until it is closed
				}
				time.Sleep(time.Second)
				if status, said, err := answered(dialed(t, l), signedPost("m", someBody).wire()); status != http.StatusOK {
					t.Errorf("an honest sender: got %d %s, %v", status, said, err)
				}
				reading.Wait()
				if took := time.Since(began); took > row.within+time.Second {
					t.Errorf("they were cut off after %s", took)
				}
				writing.Wait()
				if got := f.shelf.stored(false); len(got) != 1 {
					t.Errorf("got stored %q", got)
				}
			})
		})
	}
}

// TestIdleConnection: a connection is kept for more requests, and closed after five idle
// seconds.
func TestIdleConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, nil)
		l, _ := f.servingAt(t)
		conn := dialed(t, l)
		for i := range 3 {
			if status, said, err := answered(conn, signedPost(fmt.Sprint(i), someBody).wire()); status != http.StatusOK {
				t.Fatalf("got %d %s, %v", status, said, err)
			}
			time.Sleep(4 * time.Second)
		}
		began := time.Now()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || time.Since(began) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
	})
}

// TestHugeHeader: the server refuses headers beyond the limit.
func TestHugeHeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, nil)
		l, _ := f.servingAt(t)
		for size, want := range map[int]int{maxHeader - 1024: http.StatusOK, maxHeader + 5<<10: http.StatusRequestHeaderFieldsTooLarge} {
			p := with(signedPost("n", someBody), "X-Filler", strings.Repeat("x", size))
			if status, said, err := answered(dialed(t, l), p.wire()); status != want {
				t.Errorf("%d bytes: %d %s, %v", size, status, said, err)
			}
		}
	})
}

// TestServeDrains: when Serve ends, requests in flight get their answers, also one that is
// being sent, and no new one is accepted.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, nil)
		f.shelf.took = 2 * time.Second
		l, stop := f.servingAt(t)
		const senders = 20
		var all sync.WaitGroup
		for i := range senders {
			conn := dialed(t, l)
			all.Go(func() {
				if status, said, err := answered(conn, signedPost(fmt.Sprint(i), someBody).wire()); status != http.StatusOK || said != string(acknowledgement) {
					t.Errorf("sender %d: %d %s, %v", i, status, said, err)
				}
			})
		}
		slow, idle := dialed(t, l), dialed(t, l)
		whole := signedPost("slow", someBody).wire()
		if _, err := slow.Write(whole[:len(whole)-1]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		began := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		synctest.Wait()
		if _, err := l.dial(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a connection was accepted after the end: %v", err)
		}
		if reason := f.unready(); reason != "it is about to end" {
			t.Errorf("got unready because %q", reason)
		}
		time.Sleep(3 * time.Second)
		if status, said, err := answered(slow, whole[len(whole)-1:]); status != http.StatusOK {
			t.Errorf("a request in flight: %d %s, %v", status, said, err)
		}
		if err := <-stopped; err != nil || time.Since(began) > drainTimeout {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		all.Wait()
		if _, err := idle.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("an idle connection: %v", err)
		}
		if got := len(f.shelf.stored(false)); got != senders+1 {
			t.Errorf("got %d stored", got)
		}
	})
}

// TestDrainingEnds: a store or a sender that hangs delays the end of Serve by at most 20 s.
func TestDrainingEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, nil)
		f.shelf.took = time.Hour
		l, stop := f.servingAt(t)
		var all sync.WaitGroup
		for i := range 5 {
			conn, wire := dialed(t, l), signedPost(fmt.Sprint(i), someBody).wire()
			all.Go(func() {
				_, _ = conn.Write(wire[:len(wire)-1])
				time.Sleep(time.Duration(i*4) * time.Second)
				_, _ = conn.Write(wire[len(wire)-1:])
			})
		}
		time.Sleep(time.Second)
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) > 20*time.Second {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		all.Wait()
	})
}

// TestSenderGoesAway: a callback is stored even if its sender does not wait.
func TestSenderGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, nil)
		f.shelf.took = time.Second
		l, _ := f.servingAt(t)
		conn := dialed(t, l)
		if _, err := conn.Write(signedPost("n", someBody).wire()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_ = conn.Close()
		time.Sleep(2 * time.Second)
		if got := f.shelf.stored(false); len(got) != 1 {
			t.Errorf("got stored %q", got)
		}
	})
}

// TestStoreComesBack: a store that is unreachable, at the start or later, is found again
// without any request.
func TestStoreComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		comesAt := time.Now().Add(time.Minute)
		f := newFixture(t, func(c *Config) {
			c.Reach = func(context.Context) error {
				if time.Now().Before(comesAt) {
					return errDown
				}
				return nil
			}
		})
		f.state.reached.Store(false)
		f.shelf.fault = func(int) (bool, error) { return false, errDown }
		l, _ := f.servingAt(t)
		time.Sleep(50 * time.Second)
		if status, _, _ := answered(dialed(t, l), signedPost("n", someBody).wire()); status != http.StatusServiceUnavailable || f.number(t, "refused_total", "reason", "not_ready") != 1 {
			t.Errorf("without a store: got %d", status)
		}
		time.Sleep(10*time.Second + reachInterval)
		if why := f.unready(); why != "" {
			t.Errorf("with the store: got unready because %s", why)
		}
		if status, _, _ := answered(dialed(t, l), signedPost("n", someBody).wire()); status != http.StatusServiceUnavailable || f.unready() == "" {
			t.Errorf("after a failed commit: got %d, unready because %q", status, f.unready())
		}
		time.Sleep(2 * reachInterval)
		if why := f.unready(); why != "" {
			t.Errorf("with the store again: got unready because %s", why)
		}
	})
}
