package receive

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
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
