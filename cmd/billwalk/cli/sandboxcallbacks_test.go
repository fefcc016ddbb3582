package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
)

// verifyingReceiver is a receiver that knows the public half of the sandbox's key.
func verifyingReceiver(t *testing.T, public string, posts *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		text, err := os.ReadFile(public)
		if err != nil {
			t.Error(err)
		}
		block, _ := pem.Decode(text)
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			t.Error(err)
		}
		sum := sha256.Sum256([]byte(r.Header.Get("Byte-Timestamp") + "\n" + r.Header.Get("Byte-Nonce-Str") + "\n" + string(body) + "\n"))
		signature, err := base64.StdEncoding.DecodeString(r.Header.Get("Byte-Signature"))
		legacy := !bytes.Contains(body, []byte(`"version":"2.0"`))
		if !legacy && (err != nil || rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, sum[:], signature) != nil) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"err_no":0,"err_tips":"success"}`)
	})
}

// sandboxUntil runs the verb sandbox until it prints the last line that is
// expected, and returns what it printed.
func sandboxUntil(t *testing.T, last string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reader, writer := io.Pipe()
	p := &program{out: writer, err: t.Output(), now: billwalktest.Now}
	root := p.root()
	root.SetArgs(append([]string{"sandbox", "--addr", "127.0.0.1:0", "--bills", "20", "--accounts", "3"}, args...))
	ended := make(chan error, 1)
	go func() {
		ended <- root.ExecuteContext(ctx)
		_ = writer.Close()
	}()
	var out strings.Builder
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		out.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), last) {
			select {
			case err := <-ended:
				t.Errorf("the sandbox serves no longer: %v", err)
			default:
			}
			cancel()
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("sandbox %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

// The sandbox makes its key, posts its callbacks, prints their results, and
// goes on serving. The key is used again, and its public half is there again.
func TestSandboxPostsCallbacks(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	key := filepath.Join(folder, "key.pem")
	var posts atomic.Int64
	server := httptest.NewServer(verifyingReceiver(t, key+".pub", &posts))
	t.Cleanup(server.Close)
	args := []string{"--callbacks", server.URL + "/callbacks/settle/trade", "--callbacks-key", key, "--callbacks-from", "2026-10-01", "--callbacks-to", "2026-10-02", "--callbacks-faults", "duplicates,signatures"}
	report := regexp.MustCompile(`It posts the callbacks of settlements of 2026-10-01 to 2026-10-02 to http://\S+/callbacks/settle/trade\.
callbacks: (\d+), of them 0 old-style and 0 out of order
  acknowledged (\d+) in (\d+) tries, given up 0
  acknowledged again, sent as duplicates: [1-9]\d*
  with wrong signatures ([1-9]\d*): refused ([1-9]\d*), wrongly accepted 0
`)
	out := sandboxUntil(t, "wrongly accepted", args...)
	found := report.FindStringSubmatch(out)
	if found == nil || found[1] != found[2] || found[4] != found[5] || posts.Load() == 0 {
		t.Errorf("%d posts, and it prints:\n%s", posts.Load(), out)
	}
	made, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info.Mode(), err)
	}
	if err := os.Remove(key + ".pub"); err != nil {
		t.Fatal(err)
	}
	if again := sandboxUntil(t, "wrongly accepted", args...); report.FindString(again) != report.FindString(out) {
		t.Errorf("first and again:\n%s%s", out, again)
	}
	if kept, err := os.ReadFile(key); err != nil || string(kept) != string(made) {
		t.Errorf("the key was made anew: %v", err)
	}
}

// A receiver that accepts whatever comes is reported; old-style callbacks need a
// token, and all troubles are less than all callbacks.
func TestSandboxTellsOfFaultyReceivers(t *testing.T) {
	t.Parallel()
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		_, _ = io.WriteString(w, `{"err_no":0,"err_tips":"success"}`)
	}))
	t.Cleanup(server.Close)
	out := sandboxUntil(t, "that is a fault of the receiver", "--callbacks", server.URL+"/callbacks/settle/trade", "--callbacks-key", filepath.Join(t.TempDir(), "key.pem"),
		"--callbacks-from", "2026-10", "--callbacks-to", "2026-10-03", "--callbacks-faults", "all", "--callbacks-token", "secret-token")
	if strings.Contains(out, "of them 0 old-style") || strings.Contains(out, "secret-token") || posts.Load() == 0 {
		t.Errorf("%d posts, and it prints:\n%s", posts.Load(), out)
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := makeKey(filepath.Join(folder, "good.pem"))
	if err != nil {
		t.Fatal(err)
	}
	old := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	for name, path := range map[string]string{"empty": write("empty", ""), "no PEM": write("text", "key"), "PKCS #1": write("old", old), "a folder": folder, "nowhere": filepath.Join(folder, "no", "key.pem")} {
		if _, err := signingKey(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names %s", name, err, path)
		}
	}
	if again, err := signingKey(filepath.Join(folder, "good.pem")); err != nil || !again.Equal(key) {
		t.Errorf("the key is read as another: %v", err)
	}
}
