package douyin

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/schema"
)

// gateway is a server over TCP that closes kept-open connections in various ways.
type gateway struct {
	net.Listener
	end  func(conn *net.TCPConn, in *bufio.Reader) // called after the first answer on a connection
	seen atomic.Int64                              // requests for bills or settlements
	all  sync.WaitGroup
}

// serveGateway serves until the test ends.
func serveGateway(t *testing.T, end func(*net.TCPConn, *bufio.Reader)) *gateway {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{Listener: listener, end: end}
	g.all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.all.Go(func() { g.serve(conn.(*net.TCPConn)) })
		}
	})
	return g
}

func (g *gateway) serve(conn *net.TCPConn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if g.answer(conn, in) {
		g.end(conn, in)
	}
}

// answer reads one request and answers it, as on a connection that stays open.
func (g *gateway) answer(conn net.Conn, in *bufio.Reader) bool {
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, r.Body)
	body := emptyPage
	switch {
	case strings.HasSuffix(r.URL.Path, pathToken):
		body = tokenAnswer(1, "7200")
	case strings.HasSuffix(r.URL.Path, pathSettlements):
		body = noSettlements
	}
	if !strings.HasSuffix(r.URL.Path, pathToken) {
		g.seen.Add(1)
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	return true
}

// A request on a kept-open connection that the gateway closes, in any way, is sent again
// on a new one, and costs neither an attempt nor the budget.
func TestGatewayEndsConnections(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*net.TCPConn, *bufio.Reader){
		"at once":            func(*net.TCPConn, *bufio.Reader) {},
		"reset at once":      func(c *net.TCPConn, _ *bufio.Reader) { c.SetLinger(0) },
		"at the first byte":  func(_ *net.TCPConn, in *bufio.Reader) { in.Peek(1) },
		"reset at the first": func(c *net.TCPConn, in *bufio.Reader) { in.Peek(1); c.SetLinger(0) },
		"after the request":  func(_ *net.TCPConn, in *bufio.Reader) { http.ReadRequest(in) },
		"reset after it":     func(c *net.TCPConn, in *bufio.Reader) { http.ReadRequest(in); c.SetLinger(0) },
		"its half":           func(c *net.TCPConn, in *bufio.Reader) { http.ReadRequest(in); c.CloseWrite(); io.Copy(io.Discard, in) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := serveGateway(t, end)
			app := fast
			app.BaseURL = "http://" + g.Addr().String()
			c := client(app, newConnections())
			t.Cleanup(func() {
				c.CloseIdleConnections()
				g.Close()
				g.all.Wait()
			})
			c.bills.retryBudget.available, c.settlements.retryBudget.available, c.tokenCalls.retryBudget.available = 0, 0, 0
			const calls = 60
			for range calls {
				if _, err := c.Bills(t.Context(), someUnit, "0", 50); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Settlements(t.Context(), someQuery); err != nil {
					t.Fatal(err)
				}
			}
			s := c.Stats()
			if g.seen.Load() != 2*calls {
				t.Errorf("%d requests were answered, want %d", g.seen.Load(), 2*calls)
			}
			if made := s.Bills + s.Settlements + s.Token; made != 2*calls+1+s.Retries || c.bills.health.failureShare+c.settlements.health.failureShare > 0 {
				t.Errorf("%+v of %d calls, of which none failed", s, 2*calls)
			}
		})
	}
}

// A new connection that is closed before or within the answer is a usual fault.
func TestNewConnectionThatEnds(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{"nothing": "", "half an answer": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var seen atomic.Int64
			var all sync.WaitGroup
			all.Go(func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					http.ReadRequest(bufio.NewReader(conn))
					seen.Add(1)
					io.WriteString(conn, said)
					conn.Close()
				}
			})
			app := fast
			app.BaseURL = "http://" + listener.Addr().String()
			c := New(app, WithTransport(newConnections()), WithPatience(0), WithJitter(func(limit time.Duration) time.Duration { return 0 }))
			if err := c.Token(t.Context()); err == nil || mustFail(t, err).Failure().Reach != schema.ReachToday {
				t.Errorf("got %v", err)
			}
			if seen.Load() != maxTokenSilent {
				t.Errorf("%d requests, want %d: none is sent twice", seen.Load(), maxTokenSilent)
			}
			c.CloseIdleConnections()
			listener.Close()
			all.Wait()
		})
	}
}

// keptOpen is a transport with stale connections only.
type keptOpen struct{ requests atomic.Int64 }

func (k *keptOpen) RoundTrip(r *http.Request) (*http.Response, error) {
	k.requests.Add(1)
	httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{Reused: true})
	return nil, io.EOF
}

// If another transport opens no new connection, the request is lost.
func TestNoNewConnection(t *testing.T) {
	t.Parallel()
	transport := new(keptOpen)
	c := New(fast, WithTransport(transport), WithPatience(0), WithJitter(func(time.Duration) time.Duration { return 0 }))
	if fault := mustFail(t, c.Token(t.Context())); fault.Failure().Reach != schema.ReachToday {
		t.Errorf("got %v", fault)
	}
	if n := transport.requests.Load(); n != 2*maxTokenSilent {
		t.Errorf("%d requests, want %d: each is sent twice", n, 2*maxTokenSilent)
	}
}
