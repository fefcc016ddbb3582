package receive

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// from is a connection with a given remote address.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

// dialFrom connects from an address, as over TCP.
func (p *pipes) dialFrom(t *testing.T, ip string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close() })
	addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 4711))
	select {
	case p.conns <- from{server, addr}:
		return client
	case <-p.closed:
		t.Fatal("nobody listens")
		return nil
	}
}

// isClosed reports whether the other side has closed the connection.
func isClosed(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(time.Nanosecond)) // time stands still in a bubble
	_, err := conn.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

// open returns the indexes of the connections that are still open.
func open(all []net.Conn) (places []int) {
	for i, conn := range all {
		if !isClosed(conn) {
			places = append(places, i)
		}
	}
	return places
}

// TestConnectionBounds: one connection too many closes the one that has been idle longest,
// of its own address if that has too many. Trusted proxies have no limit of their own.
func TestConnectionBounds(t *testing.T) {
	t.Parallel()
	limits := Connections{Max: 6, PerAddress: 3, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for name, row := range map[string]struct {
		dials []string
		open  []int
	}{
		"few":                        {strings.Fields("1.1.1.1 1.1.1.1 1.1.1.1 2.2.2.2"), []int{0, 1, 2, 3}},
		"one address":                {strings.Fields("1.1.1.1 2.2.2.2 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1"), []int{1, 3, 4, 5}},
		"many addresses":             {strings.Fields("1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8"), []int{2, 3, 4, 5, 6, 7}},
		"a network of IPv6":          {strings.Fields("2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::ffff:4 2001:db8:0:1::1"), []int{1, 2, 3, 4}},
		"IPv4 in IPv6":               {strings.Fields("::ffff:1.1.1.1 1.1.1.1 ::ffff:1.1.1.1 1.1.1.1"), []int{1, 2, 3}},
		"a proxy":                    {strings.Fields("10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1"), []int{0, 1, 2, 3, 4}},
		"a proxy, in all":            {strings.Fields("10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1"), []int{1, 2, 3, 4, 5, 6}},
		"one address, then in all":   {strings.Fields("1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 2.2.2.2 2.2.2.2 3.3.3.3 4.4.4.4"), []int{2, 3, 4, 5, 6, 7}},
		"those of others do not pay": {strings.Fields("2.2.2.2 3.3.3.3 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1"), []int{0, 1, 5, 6, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ourTime()
				f := newFixture(t, func(c *Config) { c.Connections = limits })
				l, stop := f.servingAt(t)
				var all []net.Conn
				for _, ip := range row.dials {
					all = append(all, l.dialFrom(t, ip))
					synctest.Wait()
				}
				if got := open(all); !slices.Equal(got, row.open) {
					t.Errorf("got %v open, want %v", got, row.open)
				}
				if n := f.number(t, "connections"); n != float64(len(row.open)) {
					t.Errorf("got %v counted", n)
				}
				if n := f.number(t, "connections_closed_total"); n != float64(len(row.dials)-len(row.open)) {
					t.Errorf("got %v counted as closed", n)
				}
				_ = stop()
				synctest.Wait()
				if n := f.number(t, "connections"); n != 0 {
					t.Errorf("got %v counted at the end", n)
				}
			})
		})
	}
}

// TestHonestAmongStrangers: while strangers hold all allowed connections and reopen each
// closed one at once, callbacks are answered, and none that is being stored is cut off.
func TestHonestAmongStrangers(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"nothing": "", "half a header": "POST /callbacks/settle/trade HTTP/1.1\r\nHost: rec",
		"half a body": "POST /callbacks/settle/trade HTTP/1.1\r\nHost: receiver\r\nContent-Length: 100\r\n\r\n{",
		"a question":  "GET /healthz HTTP/1.1\r\nHost: receiver\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ourTime()
				f := newFixture(t, func(c *Config) { c.Connections = Connections{Max: 60, PerAddress: 25} })
				f.shelf.took = time.Second
				l, _ := f.servingAt(t)
				dice := rand.New(rand.NewPCG(1, 2))
				stranger := func() {
					conn := l.dialFrom(t, fmt.Sprintf("198.51.100.%d", dice.IntN(20)))
					go func() { _, _ = io.WriteString(conn, says); _, _ = io.Copy(io.Discard, conn) }()
				}
				const honest = 20
				answers := make(chan int, honest)
				for i := range honest {
					for range 50 {
						stranger()
					}
					conn := l.dialFrom(t, "203.0.113.1")
					go func() {
						status, _, _ := answered(conn, signedPost(fmt.Sprint(i), someBody).wire())
						answers <- status
					}()
					synctest.Wait()
					for range 50 { // while it is being stored
						stranger()
					}
					time.Sleep(100 * time.Millisecond)
				}
				for range honest {
					if status := <-answers; status != http.StatusOK {
						t.Errorf("got status %d for an honest sender", status)
					}
				}
				if got := f.shelf.stored(false); len(got) != honest {
					t.Errorf("got stored %d", len(got))
				}
			})
		})
	}
}

// TestFullOfVerified: if all connections serve verified callbacks a new one is closed.
func TestFullOfVerified(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, func(c *Config) { c.Connections = Connections{Max: 3, PerAddress: 2} })
		f.shelf.took = time.Second
		l, _ := f.servingAt(t)
		answers := make(chan int, 3)
		for i, ip := range []string{"1.1.1.1", "1.1.1.1", "2.2.2.2"} {
			conn := l.dialFrom(t, ip)
			go func() {
				status, _, _ := answered(conn, signedPost(fmt.Sprint(i), someBody).wire())
				answers <- status
			}()
			synctest.Wait()
		}
		for _, ip := range []string{"1.1.1.1", "3.3.3.3"} {
			conn := l.dialFrom(t, ip)
			synctest.Wait()
			if !isClosed(conn) {
				t.Errorf("one more from %s was accepted", ip)
			}
		}
		for range 3 {
			if status := <-answers; status != http.StatusOK {
				t.Errorf("got status %d", status)
			}
		}
		if status, said, err := answered(l.dialFrom(t, "3.3.3.3"), signedPost("later", someBody).wire()); status != http.StatusOK {
			t.Errorf("later: %d %s, %v", status, said, err)
		}
	})
}

// TestClosedAfterRefusal: a connection is closed after a refusal, and after any answer while
// there are nearly too many.
func TestClosedAfterRefusal(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		post   *post
		others int
		fault  error
		status int
		closed bool
	}{
		"acknowledged":           {signedPost("n", someBody), 0, nil, 200, false},
		"acknowledged, near cap": {signedPost("n", someBody), 3, nil, 200, true},
		"no path":                {at("/healthz", signedPost("n", someBody)), 0, nil, 404, true},
		"no signature":           {with(signedPost("n", someBody), "Byte-Signature", ""), 0, nil, 401, true},
		"store":                  {signedPost("n", someBody), 0, errDown, 503, false}, // the platform's own
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ourTime()
				row.post.header.Set("Byte-Timestamp", fmt.Sprint(time.Now().Unix()))
				if row.post.header.Get("Byte-Signature") != "" {
					row.post.sign(platformKey())
				}
				f := newFixture(t, func(c *Config) { c.Connections = Connections{Max: 5, PerAddress: 5} })
				f.shelf.fault = func(int) (bool, error) { return row.fault == nil, row.fault }
				l, _ := f.servingAt(t)
				for range row.others {
					l.dialFrom(t, "2.2.2.2")
				}
				conn := l.dialFrom(t, "1.1.1.1")
				status, _, err := answered(conn, row.post.wire())
				time.Sleep(time.Second)
				if status != row.status || isClosed(conn) != row.closed {
					t.Errorf("%d, %v; closed: %v", status, err, !row.closed)
				}
			})
		})
	}
}
