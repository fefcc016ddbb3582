package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// newBucket opens a store on a server whose answers the test decides.
func newBucket(t *testing.T, answer http.HandlerFunc) *bucket {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return bucketAt(t, server.URL)
}

func bucketAt(t *testing.T, endpoint string) *bucket {
	t.Helper()
	b, err := openBucket(t.Context(), "lake", S3Options{Endpoint: endpoint, Region: "us-east-1", PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func setCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

// What each answer to a write means, and that no request is repeated.
func TestS3PutErrors(t *testing.T) {
	setCredentials(t)
	match, absent := IfMatch("e"), IfAbsent()
	cases := []struct {
		status int
		code   string
		cond   Condition
		want   error // nil: none of ours, nothing was changed
		hint   string
	}{
		{412, "PreconditionFailed", match, ErrConflict, ""},
		{412, "PreconditionFailed", absent, ErrConflict, ""},
		{404, "NoSuchKey", match, ErrConflict, ""},
		{404, "NoSuchBucket", match, nil, "create the bucket"},
		{404, "NoSuchBucket", absent, nil, "create the bucket"},
		{409, "ConditionalRequestConflict", match, ErrUnknown, ""},
		{409, "OperationAborted", absent, ErrUnknown, ""},
		{500, "InternalError", match, ErrUnknown, ""},
		{503, "SlowDown", match, ErrUnknown, ""},
		{504, "", absent, ErrUnknown, ""},
		{429, "TooManyRequests", match, ErrUnknown, ""},
		{400, "RequestTimeout", match, ErrUnknown, ""},
		{400, "InvalidArgument", match, nil, ""},
		{400, "AuthorizationHeaderMalformed", match, nil, "lake.region"},
		{403, "AccessDenied", match, ErrDenied, "credentials"},
		{403, "RequestTimeTooSkewed", match, ErrDenied, "clock"},
		{401, "Unauthorized", absent, ErrDenied, "credentials"},
		{301, "PermanentRedirect", match, nil, "lake.region"},
		{501, "NotImplemented", match, nil, "conditional writes"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			b := newBucket(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				answerError(w, c.status, c.code)
			})
			_, err := b.Put(t.Context(), "k", bytes.NewReader([]byte("x")), c.cond, nil)
			checkKind(t, err, c.want)
			if err == nil || !strings.Contains(err.Error(), "s3://lake/k") || !strings.Contains(err.Error(), c.hint) {
				t.Errorf("%v: want it to name the object and hint %q", err, c.hint)
			}
			if calls.Load() != 1 {
				t.Errorf("%d requests, want one", calls.Load())
			}
		})
	}
}

func answerError(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	if code != "" {
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>no</Message></Error>", code)
	}
}

// checkKind checks that err is of the one kind, or of none.
func checkKind(t *testing.T, err, want error) {
	t.Helper()
	for _, kind := range []error{ErrNotFound, ErrConflict, ErrUnknown, ErrKey, ErrDenied} {
		if errors.Is(err, kind) != (kind == want) {
			t.Errorf("%v: is %q: %t, want %t", err, kind, errors.Is(err, kind), kind == want)
		}
	}
}

// A write without an answer is unknown, and is not repeated.
func TestS3PutWithoutAnswer(t *testing.T) {
	setCredentials(t)
	content := bytes.Repeat([]byte("x"), 1<<20)
	for name, lose := range map[string]func(w http.ResponseWriter, cancel context.CancelFunc){
		"connection cut": func(http.ResponseWriter, context.CancelFunc) { panic(http.ErrAbortHandler) },
		"caller gave up": func(_ http.ResponseWriter, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			b := newBucket(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				lose(w, cancel)
				<-r.Context().Done()
			})
			_, err := b.Put(ctx, "k", bytes.NewReader(content), IfAbsent(), nil)
			checkKind(t, err, ErrUnknown)
			if ctx.Err() != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want context.Canceled as well", err)
			}
			if calls.Load() != 1 {
				t.Errorf("%d requests, want one", calls.Load())
			}
		})
	}
}

// Without credentials no request is sent, so that the outcome is known.
func TestS3WithoutCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	b := newBucket(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	_, err := b.Put(t.Context(), "k", bytes.NewReader(nil), Always(), nil)
	checkKind(t, err, nil)
	if err == nil || !strings.Contains(err.Error(), "set AWS_ACCESS_KEY_ID") {
		t.Errorf("Put: %v, want a hint at the credentials", err)
	}
}

// What stores other than S3 need: plain headers, no checksum of the SDK.
func TestS3PutRequest(t *testing.T) {
	setCredentials(t)
	sum := sha256.Sum256([]byte("content"))
	for name, c := range map[string]struct {
		cond Condition
		want http.Header
	}{
		"always": {Always(), http.Header{}},
		"absent": {IfAbsent(), http.Header{"If-None-Match": {"*"}}},
		"match":  {IfMatch("abc-2"), http.Header{"If-Match": {`"abc-2"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBucket(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPut || r.URL.EscapedPath() != "/lake/a/b%2Bc.x" || string(body) != "content" || r.ContentLength != 7 {
					t.Errorf("%s %s with %q of length %d", r.Method, r.URL.EscapedPath(), body, r.ContentLength)
				}
				for _, header := range []string{"If-Match", "If-None-Match"} {
					if got := r.Header.Get(header); got != c.want.Get(header) {
						t.Errorf("%s: %q, want %q", header, got, c.want.Get(header))
					}
				}
				if got := r.Header.Get("X-Amz-Content-Sha256"); got != hex.EncodeToString(sum[:]) {
					t.Errorf("X-Amz-Content-Sha256: %q, want the content's hash", got)
				}
				for header := range r.Header {
					if strings.Contains(header, "Checksum") || header == "X-Amz-Trailer" || header == "Content-Encoding" {
						t.Errorf("%s: %q, want no checksum beside the signed hash", header, r.Header.Get(header))
					}
				}
				w.Header().Set("ETag", `"new"`)
			})
			info, err := b.Put(t.Context(), "a/b+c.x", bytes.NewReader([]byte("content")), c.cond, nil)
			if err != nil || info.ETag != "new" {
				t.Errorf("Put = %+v, %v", info, err)
			}
		})
	}
}

// After an early answer the transport is still reading the body while the caller sends it
// again: they do not move each other's position.
func TestRewound(t *testing.T) {
	t.Parallel()
	body := strings.NewReader("content")
	read := func(r io.Reader, want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
			t.Errorf("read %q, %v; want %q", got, err, want)
		}
	}
	first, size, err := rewound(body)
	if err != nil || size != 7 {
		t.Fatalf("%d bytes, %v; want 7", size, err)
	}
	read(first, "con")
	again, _, err := rewound(body)
	if err != nil {
		t.Fatal(err)
	}
	read(again, "cont")
	read(first, "tent")
	read(again, "ent")
	sequential, _, err := rewound(struct{ io.ReadSeeker }{body})
	if err != nil {
		t.Fatal(err)
	}
	read(sequential, "content")
}

func TestS3Reads(t *testing.T) {
	setCredentials(t)
	for _, c := range []struct {
		status int
		code   string
		want   error
		hint   string
	}{
		{404, "NoSuchKey", ErrNotFound, ""},
		{404, "NoSuchBucket", nil, "create the bucket"},
		{403, "AccessDenied", ErrDenied, "credentials"},
	} {
		b := newBucket(t, func(w http.ResponseWriter, _ *http.Request) { answerError(w, c.status, c.code) })
		_, _, err := b.Get(t.Context(), "k")
		checkKind(t, err, c.want)
		if err == nil || !strings.Contains(err.Error(), c.hint) {
			t.Errorf("Get: %v, want the hint %q", err, c.hint)
		}
	}
	var calls atomic.Int32
	b := newBucket(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			answerError(w, 500, "InternalError")
			return
		}
		w.Header().Set("ETag", `"e"`)
	})
	if info, err := b.Head(t.Context(), "k"); err != nil || info.ETag != "e" || calls.Load() != 2 {
		t.Errorf("Head = %+v, %v after %d requests; want reads to be tried again", info, err, calls.Load())
	}
}

// A console's "folder" is an object whose key ends in a slash: it is never one of ours.
func TestS3ListSkipsForeignKeys(t *testing.T) {
	setCredentials(t)
	b := newBucket(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<ListBucketResult><IsTruncated>false</IsTruncated>
			<Contents><Key>bills/</Key></Contents><Contents><Key>bills/x</Key><ETag>"e"</ETag><Size>3</Size></Contents></ListBucketResult>`)
	})
	var infos []Info
	for info, err := range b.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	if len(infos) != 1 || infos[0].Key != "bills/x" || infos[0].ETag != "e" || infos[0].Size != 3 {
		t.Errorf("List = %+v, want bills/x alone", infos)
	}
}

// roundTrip is a transport that consists of one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Each attempt of each request passes the hook once, and the store sees what the hook does.
func TestS3Transport(t *testing.T) {
	setCredentials(t)
	var answered, passed atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answered.Add(1) == 1 { // so that the read is tried again
			answerError(w, 500, "InternalError")
			return
		}
		w.Header().Set("ETag", `"e"`)
	}))
	t.Cleanup(server.Close)
	lost := errors.New("the cable was pulled")
	b, err := openBucket(t.Context(), "lake", S3Options{Endpoint: server.URL, PathStyle: true, Transport: func(base http.RoundTripper) http.RoundTripper {
		return roundTrip(func(r *http.Request) (*http.Response, error) {
			passed.Add(1)
			answer, err := base.RoundTrip(r)
			if err == nil && r.Method == http.MethodPut {
				return nil, errors.Join(lost, answer.Body.Close())
			}
			return answer, err
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := b.Head(t.Context(), "k"); err != nil || info.ETag != "e" {
		t.Errorf("Head = %+v, %v", info, err)
	}
	_, err = b.Put(t.Context(), "k", bytes.NewReader([]byte("x")), IfAbsent(), nil)
	checkKind(t, err, ErrUnknown)
	if !errors.Is(err, lost) {
		t.Errorf("Put: %v, want what the transport said", err)
	}
	if passed.Load() != 3 || answered.Load() != 3 {
		t.Errorf("%d requests passed the hook, %d arrived; want 3 of each", passed.Load(), answered.Load())
	}
}
