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
	maxIdle    = 256 // connections kept open between requests
)

// connections is the production transport: gzip, TLS 1.2 at least, enough idle
// connections that a busy walk opens none anew, and HTTP/1.1, where a broken
// connection takes one request with it and not all.
type connections struct {
	*http.Transport
	fresh *http.Transport // opens one for each request
}

func newConnections() connections {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*maxIdle, maxIdle
	t.MaxResponseHeaderBytes = maxHeaders
	fresh := t.Clone()
	fresh.DisableKeepAlives = true
	return connections{t, fresh}
}

// RoundTrip implements http.RoundTripper.
func (c connections) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Value(freshKey{}) != nil {
		return c.fresh.RoundTrip(r)
	}
	return c.Transport.RoundTrip(r)
}

type freshKey struct{}

// onNewConnection returns a context whose requests take a connection of their own.
func onNewConnection(ctx context.Context) context.Context {
	return context.WithValue(ctx, freshKey{}, true)
}

// errStale is the end of a connection that was kept open between requests, met
// before a byte of the answer: a gateway closes what is idle for long, and a
// request may be on its way just then.
var errStale = errors.New("the connection was at its end")

// traceConnection returns a context that notes what becomes of a request, and a function
// that says whether the error that it ended with is a stale connection's.
func traceConnection(ctx context.Context) (context.Context, func(error) bool) {
	var reused, answered atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn:              func(got httptrace.GotConnInfo) { reused.Store(got.Reused) },
		GotFirstResponseByte: func() { answered.Store(true) },
	}
	return httptrace.WithClientTrace(ctx, trace), func(err error) bool {
		return err != nil && ctx.Err() == nil && reused.Load() && !answered.Load()
	}
}
