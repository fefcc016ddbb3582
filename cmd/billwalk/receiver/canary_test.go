package receiver

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/sinks/object/objecttest"
)

// testTLS is a server's certificate in files, and a client that trusts it.
type testTLS struct {
	cert, key string // paths
	secrets   []string
	client    *http.Client
}

func newTestTLS(t *testing.T) testTLS {
	t.Helper()
	lent := httptest.NewTLSServer(http.NotFoundHandler()) // its certificate is what is wanted
	defer lent.Close()
	pair := lent.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	made := testTLS{cert: filepath.Join(folder, "tls.crt"), key: filepath.Join(folder, "tls.key"), client: lent.Client()}
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	billwalktest.Overwrite(t, made.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	billwalktest.Overwrite(t, made.key, key)
	made.secrets = linesOfKey(key)
	made.client.Transport.(*http.Transport).DisableKeepAlives = true
	made.client.Timeout = billwalktest.StopTime
	return made
}

// linesOfKey are a key's secrets: the lines of its PEM.
func linesOfKey(key []byte) []string {
	lines := strings.Split(strings.TrimSpace(string(key)), "\n")
	return lines[1 : len(lines)-1]
}

// quarantineRefused is a bucket that lets nothing be put into quarantine, and says
// why with all that it was asked.
func quarantineRefused(t *testing.T, s3 objecttest.S3) billwalktest.Place {
	t.Helper()
	target, err := url.Parse(s3.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	to := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(to.CloseIdleConnections)
	proxy := &httputil.ReverseProxy{Transport: to, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !strings.Contains(q.URL.Path, "/quarantine/") {
			proxy.ServeHTTP(w, q)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<Error><Code>AccessDenied</Code><Message>%s</Message></Error>", q.Header.Get("X-Amz-Content-Sha256"))
	}))
	t.Cleanup(server.Close)
	place := billwalktest.BucketLake(s3, "canaries")
	place.Options.Endpoint = server.URL
	return place
}

// TestReceiverCanaries has secrets come to the receiver in whatever way they can:
// in its files, in callbacks that are in order, broken or forged, in places where
// none belong. Nothing that it answers, logs or counts has one, and the archive only
// what callbacks tell.
func TestReceiverCanaries(t *testing.T) {
	s3 := objecttest.StartS3(t)
	lake, tls := quarantineRefused(t, s3), newTestTLS(t)
	config := billwalktest.ReceiverConfig(t, lake)
	r := startReceiver(t, config, "--tls-cert", tls.cert, "--tls-key", tls.key, "--verbose")
	r.client = tls.client
	r.ready(t)
	said := make(map[string]string)
	postCanaries(t, r, said)
	said["what is no TLS"] = sayPlainly(t, r.url)
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(billwalktest.ReceivedKey())})
	billwalktest.Overwrite(t, filepath.Join(filepath.Dir(config), "platform.pem"), private)
	billwalktest.Overwrite(t, tls.key, []byte("canary-tls"))
	for _, files := range []string{"keys of trade", "certificate"} {
		r.counts(t, fmt.Sprintf("billwalk_callbacks_reload_failures_total{files=%q} 1", files))
	}
	said["the metrics"] = r.get(t, r.metrics)
	if code := r.end(t, syscall.SIGTERM); code != 143 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
	said["the log"] = r.log.String()
	for _, word := range []string{"AccessDenied", "quarantine", "wrong_signature", "changed files cannot be used", "TLS handshake error"} {
		if !strings.Contains(said["the log"], word) {
			t.Errorf("the log has no %q: nothing was tested\n%s", word, said["the log"])
		}
	}
	refusedConfigs(t, lake, tls, private, said)

	secrets := slices.Concat(billwalktest.Canaries, tls.secrets, linesOfKey(private), []string{s3.SecretKey})
	for where, text := range said {
		billwalktest.CheckSilent(t, where, text, secrets)
	}
	if met := billwalktest.CheckStored(t, lake.Files(s3), secrets); met[billwalktest.ExtraCanary] < 4 {
		t.Errorf("%d canaries in the archive, and two callbacks told of two each: nothing was tested", met[billwalktest.ExtraCanary])
	}
}

// postCanaries posts what has canaries, and notes the answers.
func postCanaries(t *testing.T, r *receiving, said map[string]string) {
	t.Helper()
	const current, legacy = "/callbacks/settle/trade", "/callbacks/settle/trade/legacy"
	sign := func(body []byte) http.Header { return billwalktest.SignedHeader(billwalktest.ReceivedKey(), "n", body) }
	plain := http.Header{"Content-Type": {"application/json"}, "Authorization": {"canary-authorization"}}
	whole := enveloped(strings.Replace(seedSuccess, `"message": "SUCCESS"`, `"message": "cnryX"`, 1))
	old := legacyBody(strings.Replace(seedLegacy, `{`, `{"message":"cnryX",`, 1))
	broken := enveloped(`{"settle_id":"cnryX","status":"SUCCESS","settle_amount":"cnryX"}`)
	for i, row := range []struct {
		path   string
		header http.Header
		body   []byte
		status int
	}{
		{current, sign(whole), whole, 200},
		{legacy, plain, old, 200},
		{current, sign(broken), broken, 503}, // as quarantine is refused
		{current, sign([]byte(billwalktest.OldToken)), []byte(billwalktest.OldToken), 503},
		{current, sign(old), whole, 401},
		{current, http.Header{"Content-Type": {"application/json"}, "Byte-Timestamp": {"canary-timestamp"}, "Byte-Nonce-Str": {"canary-nonce"}, "Byte-Signature": {"canary-signature"}}, whole, 401},
		{current, http.Header{"Content-Type": {"canary-type"}}, whole, 401},
		{current, plain, bytes.Replace(old, []byte(`"797"`), []byte(`"`+billwalktest.OldToken+`"`), 1), 401},
		{legacy, plain, bytes.Replace(old, []byte(`"797"`), []byte(`"`+billwalktest.OldToken+`"`), 1), 401},
		{legacy, plain, []byte(billwalktest.OldToken), 401},
		{current + "/nowhere?token=" + billwalktest.OldToken, plain, nil, 404}, // the log names the path
		{"/readyz", plain, whole, 404},                                         // which is where the metrics are
	} {
		status, answer := r.post(t, row.path, row.header, row.body)
		if status != row.status {
			t.Errorf("post %d is answered with %d %s, want %d", i, status, answer, row.status)
		}
		said[fmt.Sprintf("the answer to post %d", i)] = answer
	}
	for _, path := range []string{"/readyz", "/healthz"} {
		answer, err := r.client.Get(r.probe(path))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		said[path] = string(text)
	}
}

// sayPlainly speaks HTTP to who speaks TLS, and returns the answer.
func sayPlainly(t *testing.T, to string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(to, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /canary-path HTTP/1.1\r\nHost: canary-host\r\nAuthorization: canary-authorization\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(conn) // it may be cut off
	return string(answer)
}

// counts waits until the metrics have a line.
func (r *receiving) counts(t *testing.T, line string) {
	t.Helper()
	for began := time.Now(); !strings.Contains(r.get(t, r.metrics), "\n"+line); {
		if time.Since(began) > billwalktest.StopTime {
			t.Fatalf("the metrics have no %s", line)
		}
	}
}

// refusedConfigs notes what the verb says of secrets in the wrong place.
func refusedConfigs(t *testing.T, lake billwalktest.Place, tls testTLS, private []byte, said map[string]string) {
	t.Helper()
	config := billwalktest.ReceiverConfig(t, lake)
	folder := filepath.Dir(config)
	text := billwalktest.ReadFile(t, config)
	billwalktest.Overwrite(t, filepath.Join(folder, "private.pem"), private)
	billwalktest.Overwrite(t, filepath.Join(folder, "garbage.pem"), []byte("canary-key"))
	for name, replaced := range map[string][2]string{
		"a private key":            {"[platform.pem]", "[private.pem]"},
		"garbage for a key":        {"[platform.pem]", "[garbage.pem]"},
		"the token in a list":      {billwalktest.OldToken, "[" + billwalktest.OldToken + "]"},
		"the token in a mapping":   {billwalktest.OldToken, "{" + billwalktest.OldToken + ": " + billwalktest.OldToken + "}"},
		"the token under no key":   {"legacy_token", "legacy_tokn"},
		"the token for a variable": {billwalktest.OldToken, "${" + billwalktest.OldToken + "}"},
		"TLS":                      {}, // whose key is garbage by now
	} {
		changed := filepath.Join(folder, "changed.yaml")
		billwalktest.Overwrite(t, changed, []byte(strings.Replace(text, replaced[0], replaced[1], 1)))
		var out, log bytes.Buffer
		if code := cli.Main([]string{"receive", "--config", changed, "--addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0", "--tls-cert", tls.cert, "--tls-key", tls.key, "--verbose"}, &out, &log); code != billwalktest.ExitUsage {
			t.Errorf("%s: exit %d\n%s", name, code, log.String())
		}
		said[name] = out.String() + log.String()
	}
}
