package douyin

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestUnzip: bodies in gzip, whole or not, are read as compress/gzip reads them, and leave
// nothing for the next. Every other body stays as it is.
func TestUnzip(t *testing.T) {
	t.Parallel()
	var whole bytes.Buffer
	w := gzip.NewWriter(&whole)
	io.WriteString(w, strings.Repeat(documentedPage, 50))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	packed := whole.Bytes()
	damaged := slices.Clone(packed)
	damaged[len(damaged)-5] ^= 1 // in the checksum
	for name, body := range map[string][]byte{
		"whole": packed, "twice": slices.Concat(packed, packed), "cut": packed[:len(packed)-9], "cut in the header": packed[:5],
		"damaged": damaged, "followed by something": append(slices.Clone(packed), "x..........."...), "no gzip": []byte(documentedPage), "empty": {},
	} {
		want, wantErr := unpackedByStandard(body)
		for round := range 2 {
			for _, size := range []int{1, 511, 1 << 20} {
				res := &http.Response{Header: http.Header{"Content-Encoding": {"GZip"}, "Content-Length": {"1"}}, ContentLength: -1, Body: io.NopCloser(bytes.NewReader(body))}
				unzip(res)
				got, err := io.ReadAll(chunks{res.Body, size})
				if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || errors.Is(err, io.ErrUnexpectedEOF) != errors.Is(wantErr, io.ErrUnexpectedEOF) {
					t.Errorf("%s, round %d, by %d: %d bytes, %v; want %d, %v", name, round, size, len(got), err, len(want), wantErr)
				}
				if _, again := res.Body.Read(make([]byte, 1)); again == nil {
					t.Errorf("%s: there is more after the end", name)
				}
				if len(res.Header) > 0 || !res.Uncompressed {
					t.Errorf("%s: the answer still says %v", name, res.Header)
				}
			}
		}
	}
	for _, encoding := range []string{"", "identity", "br", "x-gzip"} {
		res := &http.Response{Header: http.Header{"Content-Encoding": {encoding}}, ContentLength: -1, Body: io.NopCloser(bytes.NewReader(packed))}
		unzip(res)
		if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, packed) || res.Header.Get("Content-Encoding") != encoding {
			t.Errorf("a body in %q was changed: %v", encoding, err)
		}
	}
}

func unpackedByStandard(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// chunks reads so many bytes at once.
type chunks struct {
	io.Reader
	size int
}

func (c chunks) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(len(p), c.size)]) }

// TestAcceptEncoding: every request accepts gzip and nothing else, and stays as it was for
// its caller; an answer is that to the caller's request.
func TestAcceptEncoding(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header["Accept-Encoding"])
	}))
	t.Cleanup(server.Close)
	to := newConnections()
	t.Cleanup(to.CloseIdleConnections)
	for _, ctx := range []func(*http.Request) *http.Request{
		func(r *http.Request) *http.Request { return r },
		func(r *http.Request) *http.Request { return r.WithContext(onNewConnection(r.Context())) },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req = ctx(req)
		res, err := to.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(got) != "[gzip]" || err != nil || len(req.Header) > 0 || res.Request != req {
			t.Errorf("sent %s, %v; the request has %v", got, err, req.Header)
		}
	}
}
