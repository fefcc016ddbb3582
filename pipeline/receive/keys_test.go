package receive

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"billwalk/schema"
)

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// TestParseKey: a key is read in every form that consoles give, and anything but a public
// key of the platform is an error that says so.
func TestParseKey(t *testing.T) {
	t.Parallel()
	public := &platformKey().PublicKey
	pkix, _ := x509.MarshalPKIXPublicKey(public)
	pkcs1 := x509.MarshalPKCS1PublicKey(public)
	bare := base64.StdEncoding.EncodeToString(pkix)
	for name, content := range map[string][]byte{
		"PKIX":               pemOf("PUBLIC KEY", pkix),
		"PKCS #1":            pemOf("RSA PUBLIC KEY", pkcs1),
		"bare":               []byte(bare),
		"bare PKCS #1":       []byte(base64.StdEncoding.EncodeToString(pkcs1)),
		"bare, in lines":     []byte(" " + bare[:64] + "\r\n" + bare[64:] + "\n"),
		"a word before it":   append([]byte("the platform's key:\n"), pemOf("PUBLIC KEY", pkix)...),
		"line breaks as DOS": bytes.ReplaceAll(pemOf("PUBLIC KEY", pkix), []byte("\n"), []byte("\r\n")),
		"labelled as RSA":    pemOf("RSA PUBLIC KEY", pkix),
		"blank lines behind": append(pemOf("PUBLIC KEY", pkix), "\n \n"...),
	} {
		key, err := parseKey(content)
		if err != nil || !key.PublicKey.Equal(public) || len(key.name) != 12 {
			t.Errorf("%s: got key %q, error %v", name, key.name, err)
		}
	}
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	curve, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	curvePublic, _ := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	private, _ := x509.MarshalPKCS8PrivateKey(platformKey())
	for want, content := range map[string][]byte{
		"neither PEM nor base64":        []byte("公钥"),
		"cannot be read":                []byte(bare[:len(bare)/2/4*4]),
		"holds a PRIVATE KEY":           pemOf("PRIVATE KEY", private),
		"holds a CERTIFICATE":           pemOf("CERTIFICATE", pkix),
		"has 1024 bits":                 publicPEM(small),
		"signed with RSA":               pemOf("PUBLIC KEY", curvePublic),
		"each has a file of its own":    append(publicPEM(platformKey()), publicPEM(nextKey())...),
		"it cannot be read as a public": pemOf("PUBLIC KEY", []byte("x")),
		"it is neither PEM nor base64":  nil,
	} {
		if _, err := parseKey(content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// TestUnreadableKey: New fails without a key, and its error says which file it is and what
// should be in it.
func TestUnreadableKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	empty, private := filepath.Join(folder, "empty.pem"), filepath.Join(folder, "private.pem")
	writeFile(t, empty, nil)
	writeFile(t, private, pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(platformKey())))
	for path, want := range map[string]string{
		filepath.Join(folder, "none.pem"): "no such file",
		empty:                             "is empty",
		private:                           "it holds a RSA PRIVATE KEY: want the platform's public key (平台公钥)",
		folder:                            "is a directory",
	} {
		_, err := New(Config{Apps: []App{{"trade", []string{path}, schema.Secret{}, nil}}, Archive: new(shelf), Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "app trade") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestKeyRotation: while the platform changes its key no callback is refused as long as the
// files have the key that signed it. A removed key verifies nothing.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		current, next := filepath.Join(t.TempDir(), "current.pem"), filepath.Join(t.TempDir(), "next.pem")
		writeFile(t, current, publicPEM(platformKey()))
		writeFile(t, next, publicPEM(nextKey()))
		f := newFixture(t, func(c *Config) { c.Apps[0].PublicKeys = []string{current, next} })
		f.watching(t)
		steps := []struct {
			change         func()
			platform, next int // what a callback signed with it is answered
		}{
			{func() {}, 200, 200},
			{func() { writeFile(t, current, []byte("half a k")) }, 200, 200},
			{func() { remove(t, next) }, 200, 200},
			{func() { writeFile(t, next, publicPEM(platformKey())) }, 200, 200}, // current is still bad
			{func() { writeFile(t, current, publicPEM(nextKey())) }, 200, 200},
			{func() { writeFile(t, next, publicPEM(nextKey())) }, 401, 200},
			{func() { writeFile(t, next, publicPEM(foreignKey())) }, 401, 200},
		}
		for i, step := range steps {
			step.change()
			time.Sleep(2 * reloadInterval)
			if w := signedPost("n", someBody).to(f); w.Code != step.platform {
				t.Errorf("step %d: the platform's key: %d", i, w.Code)
			}
			if w := signedBy(nextKey(), time.Now(), "n", someBody).to(f); w.Code != step.next {
				t.Errorf("step %d: the next key: %d", i, w.Code)
			}
		}
		if n := f.number(t, "reload_failures_total", "files", "keys of trade"); n != 3 {
			t.Errorf("got %v failures, want 3: a bad file, a missing one, and the bad one again", n)
		}
		if n := f.number(t, "keys", "app", "trade"); n != 2 {
			t.Errorf("got %v keys in use", n)
		}
		if n := strings.Count(f.logged.String(), `"level":"ERROR","msg":"changed files cannot be used`); n != 2 {
			t.Errorf("got %d errors in the log", n)
		}
		if n := strings.Count(f.logged.String(), `"level":"WARN","msg":"files that are in use are gone`); n != 1 {
			t.Errorf("got %d warnings in the log", n)
		}
		name, _ := parseKey(publicPEM(nextKey()))
		if n := f.number(t, "verified_total", "app", "trade", "scheme", "2.0", "key", name.name); n != float64(len(steps)) {
			t.Errorf("got %v verified by the next key", n)
		}
		if n := strings.Count(f.logged.String(), "callbacks are signed with this key now"); n != 10 { // twice in each step that knows both
			t.Errorf("got %d changes of key in the log", n)
		}
	})
}

// TestKeyFolderExchanged: Kubernetes changes a file by replacing the folder behind a link.
func TestKeyFolderExchanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ourTime()
		folder := t.TempDir()
		for name, key := range map[string][]byte{"1": publicPEM(platformKey()), "2": publicPEM(nextKey())} {
			if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(folder, name, "platform.pem"), key)
		}
		link := filepath.Join(folder, "..data")
		pointTo := func(name string) {
			if err := os.Symlink(name, link+"_tmp"); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(link+"_tmp", link); err != nil {
				t.Fatal(err)
			}
		}
		pointTo("1")
		f := newFixture(t, func(c *Config) { c.Apps[0].PublicKeys = []string{filepath.Join(link, "platform.pem")} })
		f.watching(t)
		if w := signedPost("n", someBody).to(f); w.Code != http.StatusOK {
			t.Errorf("the first key: %d", w.Code)
		}
		pointTo("2")
		time.Sleep(2 * reloadInterval)
		if w := signedBy(nextKey(), time.Now(), "n", someBody).to(f); w.Code != http.StatusOK {
			t.Errorf("the second key: %d", w.Code)
		}
	})
}

// ourTime advances a bubble's clock from 2000 to a time when timestamps have ten digits.
func ourTime() { time.Sleep(time.Until(time.Date(2026, 11, 20, 12, 0, 0, 0, schema.China))) }

// watching runs watchFiles until the test ends, at other instants than those at which the
// test changes files.
func (f *fixture) watching(t *testing.T) {
	done := make(chan struct{})
	ctx := t.Context()
	go func() { defer close(done); f.watchFiles(ctx) }()
	t.Cleanup(func() { <-done })
	time.Sleep(reloadInterval / 2)
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
