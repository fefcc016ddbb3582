package douyin

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/schema"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		"0":                             0,
		"-3":                            0,
		"3600":                          maxRetryAfter,
		"9223372036854775807":           maxRetryAfter,
		"9223372036854775808":           0,
		"soon":                          0,
		"Sat, 21 Nov 2026 03:00:09 GMT": 9 * time.Second,
		"Sat, 21 Nov 2026 02:00:00 GMT": 0,
		"Sun, 22 Nov 2026 03:00:00 GMT": maxRetryAfter,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("Retry-After %q is %v, want %v", header, got, want)
		}
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			refused := false
			f := &fake{}
			f.bills = func(w http.ResponseWriter, r *http.Request) {
				if !refused {
					refused = true
					w.Header().Set("Retry-After", "31")
					w.WriteHeader(status)
					return
				}
				respond(200, emptyPage)(w, r)
			}
			c := client(fast, f)
			if _, err := c.Bills(t.Context(), someUnit, "0", 50); err != nil {
				t.Fatal(err)
			}
			if gap := f.arrivals[1].Sub(f.arrivals[0]); gap < 31*time.Second || gap > 32*time.Second {
				t.Errorf("HTTP %d: retried after %v, want 31s", status, gap)
			}
			if got := c.Stats().ThrottledTime; got < 31*time.Second {
				t.Errorf("HTTP %d: throttled time is %v, want the wait", status, got)
			}
		})
	}
}

func TestBackoffIsJitteredAndBounded(t *testing.T) {
	t.Parallel()
	c := client(fast, nil)
	for n := 1; n < 100; n++ {
		limit := min(backoffCap, backoffBase*(1<<min(n-1, 20)))
		short, long := limit, time.Duration(0)
		for range 400 {
			d := c.backoff(n, &Error{remedy: repeat})
			short, long = min(short, d), max(long, d)
		}
		if short < 0 || long > limit || short > limit/10 || long < limit/10*9 {
			t.Errorf("attempt %d waits %v to %v, want the whole of 0 to %v", n, short, long, limit)
		}
	}
}

// With a source of its own, a client pauses as that source says.
func TestJitter(t *testing.T) {
	t.Parallel()
	c := New(fast, WithJitter(func(limit time.Duration) time.Duration { return limit - 1 }))
	for n, want := range []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond} {
		if got := c.backoff(n+1, &Error{remedy: repeat}); got != want {
			t.Errorf("attempt %d waits %v, want %v", n+1, got, want)
		}
	}
}

// A slow answer is given up after the timeout, and the call retried.
func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{bills: respond(200, emptyPage), token: respond(200, tokenAnswer(1, "72000")), delay: time.Minute}
		app := fast
		app.Timeout = 30 * time.Second
		c := client(app, f)
		c.token.held = grantFor(schema.NewSecret("token"), time.Now(), time.Hour)
		_, err := c.Bills(t.Context(), someUnit, "0", 50)
		if fault := mustFail(t, err); !strings.Contains(fault.Reason, "no answer within 30s") || len(f.arrivals) != attempts[repeat] {
			t.Errorf("got %v after %d requests", err, len(f.arrivals))
		}
	})
}

// Neither errors nor logs show secrets that the platform repeats, even if the text is
// shortened within one.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	for _, pad := range []int{0, 280, 290, 299} {
		synctest.Test(t, func(t *testing.T) {
			var logged bytes.Buffer
			echo := func(w http.ResponseWriter, r *http.Request) {
				text := strings.Repeat("x", pad) + r.Header.Get("access-token") + " " + canarySecret
				respond(200, `{"extra":{"error_code":2119003,"description":"`+text+`","logid":"`+text+`"}}`)(w, r)
			}
			refuse := func(w http.ResponseWriter, r *http.Request) {
				respond(200, `{"data":{"error_code":10013,"description":"wrong: `+canarySecret+`"}}`)(w, r)
			}
			for _, f := range []*fake{{bills: echo}, {bills: echo, token: refuse}} {
				c := New(fast, WithTransport(f), WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
				_, err := c.Bills(t.Context(), someUnit, "0", 50)
				if fault := mustFail(t, err); strings.Contains(fault.Failure().Reason+fault.LogID, "canary") {
					t.Errorf("failure shows a secret: %+v", fault.Failure())
				}
			}
			if logged.Len() == 0 || strings.Contains(logged.String(), "canary") {
				t.Errorf("the logs are empty, or show a secret: %s", &logged)
			}
		})
	}
}

func TestCancelledContextMakesNoCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &fake{bills: respond(200, emptyPage)}
	if _, err := client(fast, f).Bills(ctx, someUnit, "0", 50); err == nil || f.tokenCount()+len(f.arrivals) != 0 {
		t.Errorf("got %v and %d calls, want an error and none", err, f.tokenCount()+len(f.arrivals))
	}
}
