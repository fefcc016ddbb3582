package douyin

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// overHTTP serves bills on a socket, and returns a client with the production transport.
func overHTTP(t *testing.T, bills http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == pathToken {
			respond(200, tokenAnswer(1, "7200"))(w, r)
			return
		}
		bills(w, r)
	}))
	app := fast
	app.BaseURL = server.URL
	c := client(app, newConnections())
	t.Cleanup(func() {
		c.CloseIdleConnections()
		server.Close()
	})
	return c
}

// zipped returns a handler that answers in gzip, repeated some times. It fails if the
// request does not accept gzip.
func zipped(t *testing.T, content string, times int) http.HandlerFunc {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding is %q, want gzip", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bytes.Repeat(b.Bytes(), times))
	}
}

func TestGzip(t *testing.T) {
	t.Parallel()
	c := overHTTP(t, zipped(t, documentedPage, 1))
	got, err := c.Bills(t.Context(), someUnit, "0", 50)
	if err != nil || string(got.Body) != documentedPage {
		t.Errorf("got %q, %v; want the page as it was written", got.Body, err)
	}
}

// Of a GiB of blanks, which is 1 MiB of gzip, no more than the limit is unpacked.
func TestGzipBomb(t *testing.T) {
	t.Parallel()
	c := overHTTP(t, zipped(t, strings.Repeat(" ", 1<<20), 1<<10))
	var unpacked atomic.Int64
	WithTransportWrap(func(to http.RoundTripper) http.RoundTripper { return counting{to, &unpacked} })(c)
	_, err := c.Bills(t.Context(), someUnit, "0", 50)
	if fault := mustFail(t, err); !strings.Contains(fault.Reason, "larger than") || c.Stats().Bills != 1 {
		t.Errorf("got %v after %d calls, want one call and the limit", err, c.Stats().Bills)
	}
	if limit := int64(maxAnswer + 64<<10); unpacked.Load() > limit { // with the token's answer
		t.Errorf("%d bytes were unpacked, want at most %d", unpacked.Load(), limit)
	}
}

// counting counts the bytes of answers that are read.
type counting struct {
	to http.RoundTripper
	n  *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.to.RoundTrip(r)
	if err == nil {
		res.Body = countingBody{res.Body, c.n}
	}
	return res, err
}

type countingBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (b countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// A body with one byte a second is cut short at the timeout.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := fast
		app.Timeout = 30*time.Second + time.Second/2
		requests := 0
		c := client(app, trickling{&requests})
		began := time.Now()
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		fault := mustFail(t, err)
		if !strings.Contains(fault.Reason, "cut short after 30 bytes within 30.5s") || requests != attempts[repeat] {
			t.Errorf("got %v after %d requests", err, requests)
		}
		if took, limit := time.Since(began), attempts[repeat]*int(app.Timeout+7*time.Second); took > time.Duration(limit) {
			t.Errorf("took %v, want at most %v", took, time.Duration(limit))
		}
	})
}

// trickling answers with a page of one byte a second.
type trickling struct{ requests *int }

func (s trickling) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == pathToken {
		return (&handlerTransport{respond(200, tokenAnswer(1, "7200"))}).RoundTrip(r)
	}
	*s.requests++
	return &http.Response{StatusCode: 200, Body: io.NopCloser(&trickle{r.Context(), emptyPage}), Request: r}, nil
}

type trickle struct {
	ctx  context.Context
	rest string
}

func (s *trickle) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	if err := stop.Sleep(s.ctx, time.Second); err != nil {
		return 0, err
	}
	n := copy(p[:1], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	var strayed atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			c := overHTTP(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL+"/login?token="+r.Header.Get("access-token"), status)
			})
			_, err := c.Bills(t.Context(), someUnit, "0", 50)
			fault := mustFail(t, err)
			if !strings.Contains(fault.Reason, "redirect to "+elsewhere.URL) || fault.Hint != hintBaseURL || c.Stats().Bills != 1 {
				t.Errorf("got %v after %d calls, want one call and the target", err, c.Stats().Bills)
			}
			if strayed.Load() != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}

func TestNoTokenFromARedirect(t *testing.T) {
	t.Parallel()
	f := &fake{token: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.test/", http.StatusTemporaryRedirect)
	}}
	_, err := client(fast, f).Bills(t.Context(), someUnit, "0", 50)
	if fault := mustFail(t, err); f.tokenCount() != 1 || fault.API != apiToken || fault.Failure().Reach != schema.ReachApp {
		t.Errorf("got %v after %d token calls", err, f.tokenCount())
	}
}

// If connections are reset before or within an answer, the client retries, and counts
// every request that the server received. (net/http alone would repeat some uncounted.)
func TestResetConnections(t *testing.T) {
	t.Parallel()
	for api, call := range map[string]struct {
		body  string
		make  func(context.Context, *Client) error
		calls func(Stats) int64
	}{
		apiBills: {emptyPage, func(ctx context.Context, c *Client) error {
			_, err := c.Bills(ctx, someUnit, "0", 50)
			return err
		}, func(s Stats) int64 { return s.Bills }},
		apiSettlements: {noSettlements, func(ctx context.Context, c *Client) error {
			_, err := c.Settlements(ctx, someQuery)
			return err
		}, func(s Stats) int64 { return s.Settlements }},
	} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int64
			c := overHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
				n := seen.Add(1)
				if n%3 != 2 {
					respond(200, call.body)(w, nil)
					return
				}
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				if n%2 == 0 {
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"+call.body[:20])
				}
				conn.(*net.TCPConn).SetLinger(0)
				conn.Close()
			})
			const calls = 12
			for range calls {
				if err := call.make(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			if got := c.Stats(); call.calls(got) != seen.Load() || call.calls(got) != calls+got.Retries || got.Retries == 0 {
				t.Errorf("%+v, but the server saw %d requests for %d calls", got, seen.Load(), calls)
			}
		})
	}
}

// On the wire a GET has neither a body nor a length, in spite of noBody.
func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var request bytes.Buffer
	req, err := client(fast, nil).pageRequest(pathBills, billsOf(someUnit), "0", 50)
	if err != nil {
		t.Fatal(err)
	}
	if err := req.Write(&request); err != nil {
		t.Fatal(err)
	}
	want := "GET /goodlife/v1/settle/bill/catering_query/?account_id=7113893944009705516&bill_date=2026-11-20&cursor=0&size=50 HTTP/1.1\r\n" +
		"Host: platform.test\r\nUser-Agent: Go-http-client/1.1\r\n\r\n"
	if request.String() != want {
		t.Errorf("wrote %q, want %q", &request, want)
	}
}

func TestTLSFloor(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(respond(200, emptyPage))
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := newConnections()
	transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	res, err := transport.RoundTrip(httptest.NewRequest("GET", server.URL, nil).WithContext(t.Context()))
	if err == nil {
		res.Body.Close()
		t.Error("spoke TLS 1.1")
	} else if !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("refused for another reason: %v", err)
	}
}

func TestUnusableBaseURL(t *testing.T) {
	t.Parallel()
	app := fast
	app.BaseURL = "http://a b"
	_, err := client(app, &fake{}).Bills(t.Context(), someUnit, "0", 50)
	if fault := mustFail(t, err); fault.Failure().Reach != schema.ReachApp {
		t.Errorf("got %v, want an error that ends the app", err)
	}
}
