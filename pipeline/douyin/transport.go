package douyin

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

const (
	maxAnswer  = 4 << 20 // bytes of an answer, unpacked
	maxHeaders = 64 << 10
	maxIdle    = 2 * maxInFlight // connections kept open between requests
)

// connections is the production transport: at least TLS 1.2, enough idle connections for a
// busy walk, and HTTP/1.1, in which a broken connection affects one request only.
type connections struct {
	*http.Transport
	fresh *http.Transport // opens a connection for each request
}

func newConnections() connections {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*maxIdle, maxIdle
	t.MaxResponseHeaderBytes = maxHeaders
	t.DisableCompression = true // exchange accepts gzip, and unpacks it
	fresh := t.Clone()
	fresh.DisableKeepAlives = true
	return connections{t, fresh}
}

// RoundTrip implements http.RoundTripper.
func (c connections) RoundTrip(r *http.Request) (*http.Response, error) {
	transport := c.Transport
	if r.Context().Value(freshKey{}) != nil {
		transport = c.fresh
	}
	return transport.RoundTrip(r)
}

type freshKey struct{}

// onNewConnection returns a context whose requests open a connection of their own.
func onNewConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// errStale is the error of a request on a kept-open connection that was closed before a
// byte of the answer: a gateway may close an idle connection just as a request is sent.
var errStale = errors.New("the connection was at its end")

// traceRequest returns a context that tells the pacer how far a request is, and a function
// that reports whether the request's error is that of a stale connection. It is one trace, as
// net/http calls those that are composed by reflection.
func traceRequest(ctx context.Context, p *pacer, f *flight) (context.Context, func(error) bool) {
	var reused, answered atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn:      func(got httptrace.GotConnInfo) { reused.Store(got.Reused) },
		WroteRequest: func(httptrace.WroteRequestInfo) { p.wrote(f) },
		GotFirstResponseByte: func() {
			answered.Store(true)
			p.arrived(f)
		},
	}
	return httptrace.WithClientTrace(ctx, trace), func(err error) bool {
		return err != nil && ctx.Err() == nil && reused.Load() && !answered.Load()
	}
}
