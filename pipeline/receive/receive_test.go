package receive

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// TestAcknowledged: a signed callback is stored as it was received, and answered, byte for
// byte, as the platform documents.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	long := `{"version":"2.0","msg":"` + strings.Repeat("x", maxBody-len(`{"version":"2.0","msg":""}`)) + `"}`
	for name, p := range map[string]*post{
		"as the platform sends it": signedPost("n", someBody),
		"white space in the body":  signedPost("n", " {\n\t\"version\" :  \"2.0\" }\r\n"),
		"nothing but UTF-8":        signedPost("n", `{"version":"2.0","msg":"商户号——1"}`),
		"64 KiB":                   signedPost("n", long),
		"64 KiB in chunks":         {http.MethodPost, "/callbacks/settle/trade", signedPost("n", long).header, []byte(long), true},
		"in chunks":                {http.MethodPost, "/callbacks/settle/trade", signedPost("n", someBody).header, []byte(someBody), true},
		"with a query":             {http.MethodPost, "/callbacks/settle/trade?timestamp=1345678901234&nonce=iuy987q4htafreqw", signedPost("n", someBody).header, []byte(someBody), false},
		"a slash at the end":       at("/callbacks/settle/trade/", signedPost("n", someBody)),
		"a form":                   with(signedPost("n", someBody), "Content-Type", "application/x-www-form-urlencoded"),
		"plain text":               with(signedPost("n", someBody), "Content-Type", "text/plain;charset=UTF-8"),
		"no content type":          with(signedPost("n", someBody), "Content-Type", ""),
		"a broken content type":    with(signedPost("n", someBody), "Content-Type", ";;"),
		"with a charset":           with(signedPost("n", someBody), "Content-Type", "Application/JSON; charset=utf-8"),
		"without a log id":         with(signedPost("n", someBody), "Byte-Logid", ""),
		"ten minutes ahead":        signedBy(platformKey(), time.Now().Add(maxAhead-time.Minute), "n", someBody),
		"two days old":             signedBy(platformKey(), time.Now().Add(time.Minute-maxAge), "n", someBody),
		"milliseconds":             resigned(with(signedPost("n", someBody), "Byte-Timestamp", strconv.FormatInt(time.Now().UnixMilli(), 10))),
		"a long nonce":             resigned(with(signedPost("n", someBody), "Byte-Nonce-Str", strings.Repeat("n", maxNonce))),
		"old-style":                legacyPost(time.Now(), "n", `{"appid":"tt1"}`),
		"old-style, large":         legacyPost(time.Now(), "n", strings.Repeat("x", usualBody)),
		"old-style, a slash":       at("/callbacks/settle/trade/legacy/", legacyPost(time.Now(), "n", `{"appid":"tt1"}`)),
		"old-style, one address":   at("/callbacks/settle/trade", legacyPost(time.Now(), "n", `{"appid":"tt1"}`)),
		"old-style, one address /": at("/callbacks/settle/trade/", legacyPost(time.Now(), "n", `{"appid":"tt1"}`)),
		"old-style, no type given": with(at("/callbacks/settle/trade", legacyPost(time.Now(), "n", `{"appid":"tt1"}`)), "Content-Type", ""),
		"old-style, odd headers":   {http.MethodPost, "/callbacks/settle/trade", signedBy(foreignKey(), time.Now(), "m", "").header, legacyPost(time.Now(), "n", "{}").body, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			w := p.to(f)
			if w.Code != http.StatusOK || w.Body.String() != `{"err_no":0,"err_tips":"success"}` || w.Header().Get("Content-Type") != "application/json" {
				t.Fatalf("%d %v %s\n%s", w.Code, w.Header(), w.Body, f.logged)
			}
			nonces := f.shelf.stored(false)
			if len(nonces) != 1 || len(f.shelf.stored(true)) != 0 {
				t.Fatalf("got stored %q, in quarantine %q", nonces, f.shelf.stored(true))
			}
			c := f.shelf.callbackOf(nonces[0])
			if !bytes.Equal(c.Body, p.body) || c.App != "trade" || time.Since(c.ReceivedAt).Abs() > time.Minute {
				t.Errorf("got stored %+v, of %d bytes", c, len(c.Body))
			}
			if c.Scheme == schema.SignedRSA {
				got := []string{c.Timestamp, c.Nonce, c.Signature}
				want := []string{p.header.Get("Byte-Timestamp"), p.header.Get("Byte-Nonce-Str"), p.header.Get("Byte-Signature")}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("stored signature (-want +got):\n%s", diff)
				}
			}
			for name, want := range map[string]float64{"received_total": 1, "verified_total": 1, "acknowledged_total": 1, "refused_total": 0, "batch_requests": 1, "queue_requests": 0, "queue_bytes": 0} {
				if got := f.number(t, name); got != want {
					t.Errorf("%s: got %v, want %v", name, got, want)
				}
			}
		})
	}
}

// with sets a header; "" removes it.
func with(p *post, header, value string) *post {
	p.header.Del(header)
	if value != "" {
		p.header.Set(header, value)
	}
	return p
}

func twice(p *post, header string) *post {
	p.header.Add(header, p.header.Get(header))
	return p
}

func resigned(p *post) *post { p.sign(platformKey()); return p }

func at(path string, p *post) *post { p.path = path; return p }

func by(method string, p *post) *post { p.method = method; return p }

func saying(body string, p *post) *post { p.body = []byte(body); return p }

// TestQuarantine: a signed callback that cannot be read or is very old is quarantined,
// acknowledged and logged without any of its content.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, row := range map[string]struct {
		post   *post
		reason string
	}{
		"not JSON":         {signedPost("n", "msg=canary-extra"), "unreadable"},
		"empty":            {signedPost("n", ""), "unreadable"},
		"not UTF-8":        {signedPost("n", "\xff\xfe"), "unreadable"},
		"deep":             {signedPost("n", strings.Repeat("[", maxBody)), "unreadable"},
		"too old":          {signedBy(platformKey(), now.Add(-maxAge-time.Minute), "n", someBody), "too_old"},
		"of long ago":      {signedBy(platformKey(), time.Unix(1_643_189_272, 0), "n", someBody), "too_old"},
		"legacy, too old":  {legacyPost(now.Add(-maxAge-time.Minute), "n", "{}"), "too_old"},
		"legacy, read not": {legacyPost(now, "n", "unreadable"), "unreadable"},
		"of another app":   {signedPost("n", `{"version":"2.0","msg":"foreign"}`), "foreign_app"},
		"why":              {signedPost("n", `{"version":"2.0","msg":"why"}`), "unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(c *Config) {
				c.Readable = func(c *schema.Callback) error {
					switch {
					case bytes.Contains(c.Body, []byte("unreadable")):
						return fmt.Errorf("it says canary-extra: %s", c.Body)
					case bytes.Contains(c.Body, []byte("foreign")):
						return fmt.Errorf("it says canary-extra: %w", schema.ErrForeignApp)
					case bytes.Contains(c.Body, []byte("why")):
						return fmt.Errorf("it says canary-extra: %w", reasoned{})
					}
					return readable(c)
				}
			})
			if before := f.values(t, "quarantined_total", "app", "trade", "reason", row.reason); !slices.Equal(before, []float64{0}) {
				t.Errorf("before the first one the counter is %v, and an alert on its increase misses that one", before)
			}
			if w := row.post.to(f); w.Code != http.StatusOK || w.Body.String() != string(acknowledgement) {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if n := f.shelf.stored(true); len(n) != 1 || len(f.shelf.stored(false)) != 0 || !bytes.Equal(f.shelf.callbackOf(n[0]).Body, row.post.body) {
				t.Errorf("in quarantine %q, stored %q", n, f.shelf.stored(false))
			}
			if f.number(t, "quarantined_total", "app", "trade", "reason", row.reason) != 1 || f.number(t, "verified_total") != 1 {
				t.Error("it was not counted")
			}
			log := f.logged.String()
			if !strings.Contains(log, `"level":"ERROR","msg":"a signed callback goes to quarantine`) || strings.Contains(log, "canary") {
				t.Errorf("the log says: %s", log)
			}
			if why := `"why":"so that it can be mended"`; strings.Contains(log, why) != (name == "why") {
				t.Errorf("the log says why: %s", log)
			}
		})
	}
}

// reasoned is an error with a reason that may be logged.
type reasoned struct{}

func (reasoned) Error() string  { return "canary-extra" }
func (reasoned) Reason() string { return "so that it can be mended" }

// TestOneAddress: callbacks of both kinds come to one address. Without a token for old ones
// the log says what to do.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	const path = "/callbacks/settle/plain"
	f := newFixture(t, nil)
	old := at(path, legacyPost(time.Now(), "n", "{}"))
	if w := old.to(f); w.Code != http.StatusUnauthorized || f.number(t, "refused_total", "app", "plain", "reason", "no_token") != 1 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	checkNothingKept(t, f, old)
	if log := f.logged.String(); !strings.Contains(log, "configure the app's legacy_token") || !strings.Contains(log, "担保支付") {
		t.Errorf("the log does not say what to do: %s", log)
	}
	// Without a token, a callback that the platform's key has signed is still stored.
	if w := at(path, signedPost("m", `{"type":"settle","msg":"{}"}`)).to(f); w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := at(path, signedBy(foreignKey(), time.Now(), "m", `{"type":"settle","msg":"{}"}`)).to(f); w.Code != http.StatusUnauthorized {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := f.shelf.callbackOf("m").Scheme; got != schema.SignedRSA {
		t.Errorf("got signature scheme %q", got)
	}

	f = newFixture(t, nil)
	for nonce, scheme := range map[string]schema.SignatureScheme{"rsa": schema.SignedRSA, "token": schema.SignedLegacy} {
		p := signedPost(nonce, someBody)
		if scheme == schema.SignedLegacy {
			p = at(p.path, legacyPost(time.Now(), nonce, "{}"))
		}
		if w := p.to(f); w.Code != http.StatusOK || f.shelf.callbackOf(nonce).Scheme != scheme {
			t.Errorf("%s: got %d, signature scheme %q", nonce, w.Code, f.shelf.callbackOf(nonce).Scheme)
		}
		for name, labels := range map[string][]string{"received_total": {"scheme", string(scheme)}, "verified_total": {"scheme", string(scheme)}} {
			if n := f.number(t, name, labels...); n != 1 {
				t.Errorf("%s %v: %v", name, labels, n)
			}
		}
	}
}
