package object

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// eachOp calls each operation of a store once.
func eachOp(t *testing.T, b *bucket) map[string]error {
	t.Helper()
	_, _, get := b.Get(t.Context(), "k")
	_, head := b.Head(t.Context(), "k")
	_, put := b.Put(t.Context(), "k", strings.NewReader("x"), IfAbsent(), nil)
	var list error
	for _, err := range b.List(t.Context(), "k") {
		list = err
	}
	return map[string]error{"get": get, "head": head, "put": put, "list": list}
}

// TestS3HTML: a console answers each request with a page. It is not taken for an object, a
// listing, or the absence of an object.
func TestS3HTML(t *testing.T) {
	setCredentials(t)
	for _, status := range []int{200, 302, 400, 403, 404, 405} {
		var calls atomic.Int32
		b := newBucket(t, func(w http.ResponseWriter, _ *http.Request) {
			calls.Add(1)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Location", "/login")
			w.Header().Set("ETag", `"5f"`)
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, "<!doctype html><title>Console</title>")
		})
		for op, err := range eachOp(t, b) {
			if err == nil || !strings.Contains(err.Error(), "控制台") || !strings.Contains(err.Error(), "s3://lake/k") {
				t.Errorf("%s, HTTP %d: %v, want a hint at the console", op, status, err)
			}
			checkKind(t, err, nil)
		}
		if calls.Load() != 4 {
			t.Errorf("HTTP %d: %d requests, want each once", status, calls.Load())
		}
	}
	gateway := newBucket(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
	})
	_, err := gateway.Put(t.Context(), "k", strings.NewReader("x"), IfAbsent(), nil)
	checkKind(t, err, ErrUnknown) // a gateway's fault passes
	page := newBucket(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("X-Amz-Request-Id", "1")
		w.Header().Set("ETag", `"e"`)
		_, _ = fmt.Fprint(w, "<p>")
	})
	if data, _, err := ReadAll(t.Context(), page, "k"); err != nil || string(data) != "<p>" {
		t.Errorf("an object that is a page: %q, %v", data, err)
	}
}

// TestS3VirtualHost: if the bucket was looked for in the host name and is not found, the
// error suggests path_style.
func TestS3VirtualHost(t *testing.T) {
	setCredentials(t)
	const fix = "path_style: true"
	for _, c := range []struct {
		name        string
		virtualHost bool
		err         error
		want        bool
	}{
		{"no such host", true, &net.DNSError{Name: "lake.minio.storage", IsNotFound: true}, true},
		{"no such host, without the bucket", true, &net.DNSError{Name: "minio.storage", IsNotFound: true}, false},
		{"no DNS", true, &net.DNSError{Name: "lake.minio.storage", IsTimeout: true}, false},
		{"no such host, in the path", false, &net.DNSError{Name: "lake.minio.storage", IsNotFound: true}, false},
		{"another certificate", true, x509.HostnameError{Certificate: new(x509.Certificate), Host: "lake.s3.example.com"}, true},
		{"another certificate, in the path", true, x509.HostnameError{Certificate: new(x509.Certificate), Host: "s3.example.com"}, false},
		{"something else", true, errors.New("refused"), false},
	} {
		b := &bucket{name: "lake", virtualHost: c.virtualHost}
		if got := b.hint(c.err); strings.Contains(got, fix) != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	// A store that only knows buckets in the path takes the key for one.
	b := newBucket(t, func(w http.ResponseWriter, _ *http.Request) { answerError(w, 404, "NoSuchBucket") })
	b.virtualHost = true
	for op, err := range eachOp(t, b) {
		if op != "head" && (err == nil || !strings.Contains(err.Error(), fix)) { // an answer to HEAD has no code
			t.Errorf("%s: %v", op, err)
		}
	}
	named, err := openBucket(t.Context(), "lake", S3Options{Endpoint: "http://nowhere.invalid:9000", Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := named.Put(t.Context(), "k", strings.NewReader("x"), IfAbsent(), nil); err == nil || !strings.Contains(err.Error(), "lake.nowhere.invalid") {
		t.Errorf("%v: want the host that was asked", err)
	}
	if !named.virtualHost {
		t.Error("the bucket is not looked for in the host name")
	}
}
