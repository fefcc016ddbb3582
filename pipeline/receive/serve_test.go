package receive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, for tests in a synctest bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// servingAt serves until the returned function is called, which returns the error of Serve.
func (f *fixture) servingAt(t *testing.T) (*pipes, func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l, done := newPipes(), make(chan error, 1)
	go func() { done <- f.Serve(ctx, l) }()
	stop := sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return l, stop
}

func dialed(t *testing.T, l *pipes) net.Conn {
	t.Helper()
	conn, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// wire returns the bytes of the request.
func (p *post) wire() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: receiver\r\nContent-Length: %d\r\n", p.method, p.path, len(p.body))
	_ = p.header.Write(&b)
	b.WriteString("\r\n")
	b.Write(p.body)
	return b.Bytes()
}

// answered sends a request and reads its answer.
func answered(conn net.Conn, request []byte) (status int, body string, err error) {
	go func() { _, _ = conn.Write(request) }() // a pipe has no buffer
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	said, err := io.ReadAll(r.Body)
	return r.StatusCode, string(said), err
}

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

// selfSigned returns a certificate for the name "receiver", and its key.
func selfSigned(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"receiver"},
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", pkcs8)
}

// TestTLS: the certificate is that of the files, also after they changed, if they are a
// pair. Versions below TLS 1.2 are refused.
func TestTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		folder := t.TempDir()
		certFile, keyFile := filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
		first, firstKey := selfSigned(t, 1)
		second, secondKey := selfSigned(t, 2)
		writeFile(t, certFile, first)
		writeFile(t, keyFile, firstKey)
		f := newFixture(t, func(c *Config) { c.Cert, c.Key = certFile, keyFile })
		l, _ := f.servingAt(t)
		time.Sleep(reloadInterval / 2) // so that no file is changed while it is looked at
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(first)
		roots.AppendCertsFromPEM(second)
		serial := func() int64 {
			t.Helper()
			conn := tls.Client(dialed(t, l), &tls.Config{RootCAs: roots, ServerName: "receiver", MinVersion: tls.VersionTLS12})
			if status, said, err := answered(conn, signedPost("n", someBody).wire()); status != http.StatusOK {
				t.Errorf("got %d %s, %v", status, said, err)
			}
			state := conn.ConnectionState()
			if state.NegotiatedProtocol != "" {
				t.Errorf("got protocol %s", state.NegotiatedProtocol)
			}
			return state.PeerCertificates[0].SerialNumber.Int64()
		}
		if got := serial(); got != 1 {
			t.Errorf("got certificate %d", got)
		}
		writeFile(t, certFile, second)
		time.Sleep(2 * reloadInterval)
		if got := serial(); got != 1 || f.number(t, "reload_failures_total", "files", "certificate") != 1 {
			t.Errorf("got certificate %d from files that are not a pair", got)
		}
		writeFile(t, keyFile, secondKey)
		time.Sleep(2 * reloadInterval)
		if got := serial(); got != 2 {
			t.Errorf("got certificate %d after both files changed", got)
		}
		old := tls.Client(dialed(t, l), &tls.Config{RootCAs: roots, ServerName: "receiver", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
		if err := old.Handshake(); err == nil {
			t.Error("TLS 1.1 is spoken")
		}
		if strings.Contains(f.logged.String(), "PRIVATE KEY") {
			t.Error("the log has a private key")
		}
	})
}
