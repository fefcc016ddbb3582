package sandbox

import (
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/schema"
)

// clock is a clock that a test sets.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time          { return unix(1_795_000_000 + c.seconds.Load()) }
func (c *clock) advance(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }

func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }

// accepted reports whether the platform takes the token.
func accepted(w *walker, u schema.Unit, token string) bool {
	w.t.Helper()
	w.token = token
	switch code := parsePage(w.t, w.query(unitQuery(u, firstCursor, 1)).body).code(); code {
	case 0:
		return true
	case codeBadToken:
		return false
	default:
		w.t.Fatalf("code %d", code)
		return false
	}
}

func TestLifeOfTokens(t *testing.T) {
	t.Parallel()
	var c clock
	p := New(Config{Seed: 20, Healthy: true, Now: c.now})
	w := walk(t, p)
	u := schema.Unit{Account: p.Accounts()[0], Day: demoDay}
	fetch := func(key string) string {
		token, code := w.fetchToken(key, "secret")
		if code != 0 {
			t.Fatalf("no token: %d", code)
		}
		return token
	}
	want := func(when string, token string, good bool) {
		t.Helper()
		if got := accepted(w, u, token); got != good {
			t.Errorf("%s: accepted %t, want %t", when, got, good)
		}
	}
	want("no token", "", false)
	want("a guess", "clt.0", false)
	first := fetch("life")
	c.advance(2*time.Hour - time.Second)
	want("just before 2 h", first, true)
	c.advance(time.Second)
	want("after 2 h", first, false)

	first = fetch("life")
	c.advance(time.Minute)
	second := fetch("life")
	want("the previous token during its grace", first, true)
	c.advance(5*time.Minute - time.Second)
	want("the previous token at the end of its grace", first, true)
	c.advance(time.Second)
	want("the previous token after its grace", first, false)
	want("the newest", second, true)

	third := fetch("life")
	fourth := fetch("life")
	want("two tokens back", second, false)
	want("one token back", third, true)
	fetch("trade")
	fetch("trade")
	want("the token of another app", fourth, true)
}

func TestTokenCallsAreRefused(t *testing.T) {
	t.Parallel()
	p := New(Config{ClientKey: "awlife", ClientSecret: schema.NewSecret("s3cret")})
	open := New(Config{})
	for _, c := range []struct {
		name, key, secret string
		platform          *Platform
		code              int64
	}{
		{"valid", "awlife", "s3cret", p, 0},
		{"wrong key", "aw", "s3cret", p, codeBadKey},
		{"wrong secret", "awlife", "s3cre", p, codeBadSecret},
		{"no key", "", "s3cret", p, codeTokenParameter},
		{"no secret", "awlife", "", p, codeTokenParameter},
		{"anything with nothing configured", "any", "thing", open, 0},
		{"nothing with nothing configured", "", "", open, codeTokenParameter},
	} {
		token, code := walk(t, c.platform).fetchToken(c.key, c.secret)
		if code != c.code || (token != "") != (code == 0) {
			t.Errorf("%s: token %q, code %d, want code %d", c.name, token, code, c.code)
		}
	}
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "POST", "/oauth/client_token/", strings.NewReader("client_key=awlife")))
	if !strings.Contains(recorder.Body.String(), `"error_code":10002`) {
		t.Errorf("a form: got %s", recorder.Body)
	}
}

func TestTooManyTokenCalls(t *testing.T) {
	t.Parallel()
	var c clock
	w := walk(t, New(Config{Now: c.now}))
	for i := range tokenCallsLimit {
		if _, code := w.fetchToken("key", "secret"); code != 0 {
			t.Fatalf("call %d: code %d", i+1, code)
		}
	}
	if _, code := w.fetchToken("key", "secret"); code != codeTokenCalls {
		t.Errorf("one call too many: code %d", code)
	}
	c.advance(tokenCallsWindow)
	if _, code := w.fetchToken("key", "secret"); code != 0 {
		t.Errorf("after the window: code %d", code)
	}
}
