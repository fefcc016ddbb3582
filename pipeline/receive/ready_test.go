package receive

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestNotReady: nothing is accepted before Reach succeeds. After that a failed commit makes
// the receiver unready, and a successful one ready again.
func TestNotReady(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	down := true
	f.shelf.fault = func(int) (bool, error) {
		if down {
			return false, errDown
		}
		return true, nil
	}
	expect := func(status int, why string) {
		t.Helper()
		w := (&post{method: http.MethodGet, path: "/readyz"}).to(f.Probe())
		if w.Code != status || !strings.Contains(w.Body.String(), why) {
			t.Errorf("/readyz: got %d %q, want %d %q", w.Code, w.Body, status, why)
		}
		if w := (&post{method: http.MethodGet, path: "/healthz"}).to(f.Probe()); w.Code != http.StatusOK {
			t.Errorf("/healthz: got %d", w.Code)
		}
		if ready := f.number(t, "ready"); (ready == 1) != (status == http.StatusOK) {
			t.Errorf("got metric %v", ready)
		}
	}
	f.state.reached.Store(false)
	expect(503, "the store could not be reached yet")
	if w := signedPost("n", someBody).to(f); w.Code != 503 || f.shelf.tried != 0 {
		t.Errorf("got %d, %d commits", w.Code, f.shelf.tried)
	}
	f.checkStore(t.Context())
	expect(200, "ok")
	if w := signedPost("n", someBody).to(f); w.Code != 503 || f.number(t, "refused_total", "reason", "store") != 1 {
		t.Errorf("got %d", w.Code)
	}
	expect(503, "the last batch could not be stored")
	down = false
	if w := signedPost("n", someBody).to(f); w.Code != 200 {
		t.Errorf("got %d", w.Code)
	}
	expect(200, "ok")
	f.accepted.queued = maxQueued
	expect(503, "the queue is full")
	f.accepted.queued = 0
	f.state.draining.Store(true)
	expect(503, "it is about to end")
	if w := (&post{method: http.MethodPost, path: "/readyz"}).to(f.Probe()); w.Code != 405 {
		t.Errorf("POST to /readyz: got %d", w.Code)
	}
}

// TestBusy: too many concurrent requests or long bodies, and those for a full queue, are
// refused at once.
func TestBusy(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fill   func(*fixture)
		body   string
		reason string
	}{
		"serving": {func(f *fixture) { f.serving.Store(maxServing) }, someBody, "busy"},
		"large": {func(f *fixture) {
			for range maxLarge {
				f.large <- struct{}{}
			}
		}, `{"x":"` + strings.Repeat("x", usualBody) + `"}`, "busy"},
		"queue": {func(f *fixture) { f.accepted.queued = maxQueued }, someBody, "queue_full"},
	} {
		f := newFixture(t, nil)
		row.fill(f)
		w := signedPost("n", row.body).to(f)
		if w.Code != http.StatusServiceUnavailable || f.number(t, "refused_total", "reason", row.reason) != 1 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if len(f.shelf.stored(false)) > 0 || f.serving.Load()%maxServing != 0 {
			t.Errorf("%s: stored %q, %d are being served", name, f.shelf.stored(false), f.serving.Load())
		}
	}
}

// TestLogIsSampled: the log has one refusal of each kind in a second and the number of
// others. The metric counts all.
func TestLogIsSampled(t *testing.T) {
	t.Parallel()
	now := time.Now()
	f := newFixture(t, func(c *Config) { c.Now = func() time.Time { return now } })
	for range 50 {
		signedBy(foreignKey(), now, "n", someBody).to(f)
	}
	with(signedPost("n", someBody), "Byte-Nonce-Str", "").to(f)
	now = now.Add(time.Second)
	signedBy(foreignKey(), now, "n", someBody).to(f)
	log := f.logged.String()
	if got := strings.Count(log, "a request was not acknowledged"); got != 3 {
		t.Errorf("got %d lines of log, want 3: %s", got, log)
	}
	if !strings.Contains(log, `"others_not_logged":49`) {
		t.Errorf("the log does not have the number of others: %s", log)
	}
	if n := f.number(t, "refused_total"); n != 52 {
		t.Errorf("got %v counted", n)
	}
}
