package receive

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"log/slog"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"billwalk/schema"
)

// TestSharedKey: two apps with the same public key would accept each other's callbacks. They
// are refused unless they have different app_ids, also when files change.
func TestSharedKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	one, same, other := filepath.Join(folder, "one.pem"), filepath.Join(folder, "same.pem"), filepath.Join(folder, "other.pem")
	writeFile(t, one, publicPEM(platformKey()))
	writeFile(t, same, []byte("\ufeff"+string(publicPEM(platformKey())))) // in other bytes
	writeFile(t, other, publicPEM(nextKey()))
	for _, row := range []struct {
		name          string
		first, second App
		fault         bool
	}{
		{"no list", App{"a", []string{one}, schema.Secret{}, nil}, App{"b", []string{same}, schema.Secret{}, nil}, true},
		{"the same file", App{"a", []string{one}, schema.Secret{}, nil}, App{"b", []string{one}, schema.Secret{}, nil}, true},
		{"among others", App{"a", []string{one}, schema.Secret{}, nil}, App{"b", []string{other, same}, schema.Secret{}, nil}, true},
		{"one list", App{"a", []string{one}, schema.Secret{}, []string{"tt1"}}, App{"b", []string{same}, schema.Secret{}, nil}, true},
		{"lists with an id in common", App{"a", []string{one}, schema.Secret{}, []string{"tt1", "tt2"}}, App{"b", []string{same}, schema.Secret{}, []string{"tt2", "tt3"}}, true},
		{"lists apart", App{"a", []string{one}, schema.Secret{}, []string{"tt1"}}, App{"b", []string{same}, schema.Secret{}, []string{"tt2"}}, false},
		{"keys apart", App{"a", []string{one}, schema.Secret{}, nil}, App{"b", []string{other}, schema.Secret{}, nil}, false},
	} {
		_, err := New(Config{
			Apps: []App{row.first, row.second}, Archive: new(shelf), Now: time.Now,
			Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Reach: func(context.Context) error { return nil },
		})
		if (err != nil) != row.fault || err != nil && !(strings.Contains(err.Error(), "app b: ") && strings.Contains(err.Error(), "app a has the same public key") && strings.Contains(err.Error(), "app_ids")) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, func(c *Config) {
			c.Apps = []App{{"trade", []string{one}, schema.Secret{}, nil}, {"plain", []string{other}, schema.Secret{}, nil}}
		})
		f.watching(t)
		writeFile(t, other, publicPEM(platformKey()))
		time.Sleep(2 * reloadInterval)
		if w := at("/callbacks/settle/plain", signedPost("n", someBody)).to(f); w.Code != 401 {
			t.Errorf("with the key of another app: got %d", w.Code)
		}
		if w := at("/callbacks/settle/plain", signedBy(nextKey(), time.Now(), "n", someBody)).to(f); w.Code != 200 {
			t.Errorf("with its own former key: got %d", w.Code)
		}
		if f.number(t, "reload_failures_total", "files", "keys of plain") != 1 {
			t.Error("it is not counted")
		}
	})
}

// TestSmallExponent: keys with a small exponent are refused.
func TestSmallExponent(t *testing.T) {
	t.Parallel()
	for e, fault := range map[int]bool{3: true, 17: true, 65535: true, 65537: false, 1<<31 - 1: false} {
		key := &rsa.PublicKey{N: new(big.Int).Set(platformKey().N), E: e}
		_, err := parseKey(pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(key)))
		if (err != nil) != fault || fault && !strings.Contains(err.Error(), "exponent") {
			t.Errorf("e = %d: %v", e, err)
		}
	}
}

// TestLegacyTimestamp: the old signature joins its parts without separators, so a timestamp
// must have exactly ten digits.
func TestLegacyTimestamp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	now := time.Now()
	honest := legacyPost(now, "797", "{}")
	seconds := string(honest.body[strings.Index(string(honest.body), `"timestamp":"`)+13:][:10])
	traded := func(nonce, timestamp string) *post {
		text := strings.NewReplacer(`"nonce":"797"`, `"nonce":"`+nonce+`"`, seconds, timestamp).Replace(string(honest.body))
		return &post{honest.method, honest.path, honest.header, []byte(text), false}
	}
	for nonce, timestamp := range map[string]string{"": seconds + "797", "97": seconds + "7", "7": seconds + "79"} {
		if w := traded(nonce, timestamp).to(f); w.Code != 401 {
			t.Errorf("nonce %q and timestamp %s: got %d", nonce, timestamp, w.Code)
		}
	}
	p := legacyPost(now, "1", "{}")
	p.body = []byte(strings.Replace(string(p.body), seconds, seconds+"123", 1))
	if w := p.to(f); w.Code != 401 || f.number(t, "refused_total", "reason", "bad_timestamp") == 0 {
		t.Errorf("13 digits: got %d", w.Code)
	}
	if w := honest.to(f); w.Code != 200 {
		t.Errorf("10 digits: got %d", w.Code)
	}
}

// TestKeyFileRemoved: a key whose file is removed stays in use, which is logged within a minute
// and again every minute. A file that replaces it revokes it.
func TestKeyFileRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		f := newFixture(t, func(c *Config) { c.Apps = c.Apps[:1] })
		f.watching(t)
		time.Sleep(2 * reloadInterval)
		if f.number(t, "files_missing") != 0 {
			t.Error("files are missing before they are")
		}
		remove(t, f.keyFile)
		time.Sleep(time.Minute)
		warnings := func() int {
			return strings.Count(f.logged.String(), `"level":"WARN","msg":"files that are in use are gone or cannot be read: what they held stays in use`)
		}
		if n := warnings(); n != 1 || f.number(t, "files_missing", "files", "keys of trade") != 1 {
			t.Errorf("after a minute: got %d warnings, metric %v", n, f.number(t, "files_missing"))
		}
		time.Sleep(3 * time.Minute)
		if n := warnings(); n != 4 || f.number(t, "reload_failures_total") != 1 {
			t.Errorf("after four minutes: got %d warnings", n)
		}
		if w := signedPost("n", someBody).to(f); w.Code != 200 {
			t.Errorf("the key of the removed file: got %d", w.Code)
		}
		writeFile(t, f.keyFile, publicPEM(nextKey()))
		time.Sleep(2 * reloadInterval)
		if w := signedPost("m", someBody).to(f); w.Code != 401 || f.number(t, "files_missing") != 0 {
			t.Errorf("the replaced key: got %d, files missing %v", w.Code, f.number(t, "files_missing"))
		}
	})
}
