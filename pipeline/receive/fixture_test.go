package receive

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"billwalk/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	someBody  = `{"version":"2.0","type":"settle","msg":"{\"settle_id\":\"1\",\"cp_extra\":\"canary-extra\"}"}`
	someToken = "canary-token"
)

// Keys are generated once, as that takes long.
var (
	platformKey = makeKey(2048)
	nextKey     = makeKey(3072)
	foreignKey  = makeKey(2048)
)

func makeKey(bits int) func() *rsa.PrivateKey {
	return sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		return key
	})
}

// publicPEM returns a key in the form that the platform's console gives.
func publicPEM(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// shelf is an archive in memory, with faults.
type shelf struct {
	took  time.Duration                         // by each batch
	fault func(n int) (applied bool, err error) // of the n-th batch, from 0

	mu      sync.Mutex
	encoded map[string]schema.Callback // by nonce
	batches []shelved
	tried   int
}

type shelved struct {
	day        schema.Day
	name       string
	quarantine bool
	at         time.Time
	nonces     []string
}

func (s *shelf) EncodeCallback(c schema.Callback) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.encoded == nil {
		s.encoded = make(map[string]schema.Callback)
	}
	s.encoded[c.Nonce] = c
	return []byte(c.Nonce + "\n"), nil
}

func (s *shelf) AppendCallbacks(ctx context.Context, day schema.Day, batch string, lines []byte) error {
	return s.keep(ctx, shelved{day: day, name: batch}, lines)
}

func (s *shelf) QuarantineCallbacks(ctx context.Context, day schema.Day, batch string, lines []byte) error {
	return s.keep(ctx, shelved{day: day, name: batch, quarantine: true}, lines)
}

func (s *shelf) keep(ctx context.Context, b shelved, lines []byte) error {
	s.mu.Lock()
	n := s.tried
	s.tried++
	s.mu.Unlock()
	if s.took > 0 {
		select {
		case <-time.After(s.took):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	applied, err := true, error(nil)
	if s.fault != nil {
		applied, err = s.fault(n)
	}
	b.nonces, b.at = strings.Fields(string(lines)), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if applied {
		s.batches = append(s.batches, b)
	}
	return err
}

// stored returns the nonces of the durable callbacks.
func (s *shelf) stored(quarantine bool) (nonces []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.batches {
		if b.quarantine == quarantine {
			nonces = append(nonces, b.nonces...)
		}
	}
	return nonces
}

// callbackOf returns the encoded callback with the nonce.
func (s *shelf) callbackOf(nonce string) schema.Callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.encoded[nonce]
}

// fixture is a receiver of the apps "trade", with a key and a token, and "plain",
// without a token.
type fixture struct {
	*Receiver
	shelf    *shelf
	registry *prometheus.Registry
	logged   *lockedBuffer
	keyFile  string
}

func newFixture(t testing.TB, change func(*Config)) *fixture {
	t.Helper()
	f := &fixture{shelf: new(shelf), registry: prometheus.NewRegistry(), logged: new(lockedBuffer), keyFile: filepath.Join(t.TempDir(), "platform.pem")}
	writeFile(t, f.keyFile, publicPEM(platformKey()))
	batches := 0
	config := Config{
		Apps:     []App{{"trade", []string{f.keyFile}, schema.NewSecret(someToken), []string{"tt1"}}, {"plain", []string{f.keyFile}, schema.Secret{}, []string{"tt2"}}},
		Archive:  f.shelf,
		Reach:    func(context.Context) error { return nil },
		Readable: readable,
		Batch: func() string {
			f.shelf.mu.Lock()
			defer f.shelf.mu.Unlock()
			batches++
			return fmt.Sprintf("batch-%d", batches)
		},
		Now: time.Now, Log: slog.New(slog.NewJSONHandler(f.logged, &slog.HandlerOptions{Level: slog.LevelDebug})), Registry: f.registry,
	}
	if change != nil {
		change(&config)
	}
	var err error
	if f.Receiver, err = New(config); err != nil {
		t.Fatal(err)
	}
	f.state.reached.Store(true)
	return f
}

// readable accepts any JSON object.
func readable(c *schema.Callback) error {
	var object map[string]any
	return json.Unmarshal(c.Body, &object)
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// post is a request of the platform.
type post struct {
	method, path string
	header       http.Header
	body         []byte
	chunked      bool
}

// signedPost returns a request of version 2.0, signed now.
func signedPost(nonce, body string) *post {
	return signedBy(platformKey(), time.Now(), nonce, body)
}

func signedBy(key *rsa.PrivateKey, at time.Time, nonce, body string) *post {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	p := &post{method: http.MethodPost, path: "/callbacks/settle/trade", body: []byte(body), header: http.Header{
		"Content-Type": {"application/json"}, "Byte-Timestamp": {timestamp}, "Byte-Nonce-Str": {nonce},
		"Byte-Logid": {"2026112012345601"}, "Byte-Identifyname": {"/msg/basic/payment/notify"},
	}}
	p.sign(key)
	return p
}

// sign sets the signature of the request.
func (p *post) sign(key *rsa.PrivateKey) {
	digest := sha256.Sum256([]byte(p.header.Get("Byte-Timestamp") + "\n" + p.header.Get("Byte-Nonce-Str") + "\n" + string(p.body) + "\n"))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	p.header.Set("Byte-Signature", base64.StdEncoding.EncodeToString(signature))
}

// legacyPost returns a request for an order paid by 担保支付.
func legacyPost(at time.Time, nonce, msg string) *post {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	parts := slices.Sorted(slices.Values([]string{someToken, timestamp, nonce, msg}))
	body, err := json.Marshal(map[string]string{
		"timestamp": timestamp, "nonce": nonce, "msg": msg, "type": "settle",
		"msg_signature": fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(parts, "")))),
	})
	if err != nil {
		panic(err)
	}
	return &post{method: http.MethodPost, path: "/callbacks/settle/trade/legacy", body: body, header: http.Header{"Content-Type": {"application/json"}}}
}

func (p *post) to(h http.Handler) *httptest.ResponseRecorder {
	var body io.Reader = bytes.NewReader(p.body)
	if p.chunked {
		body = io.MultiReader(body) // of which httptest does not know the length
	}
	r := httptest.NewRequest(p.method, p.path, body)
	r.Header = p.header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// number returns the sum of a metric's values with the labels, given as pairs of name and
// value.
func (f *fixture) number(t testing.TB, name string, labels ...string) (sum float64) {
	t.Helper()
	for _, value := range f.values(t, name, labels...) {
		sum += value
	}
	return sum
}

// values returns those values one by one.
func (f *fixture) values(t testing.TB, name string, labels ...string) (all []float64) {
	t.Helper()
	families, err := f.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != prefix+name {
			continue
		}
		for _, m := range family.GetMetric() {
			has := make(map[string]string)
			for _, pair := range m.GetLabel() {
				has[pair.GetName()] = pair.GetValue()
			}
			if hasLabels(has, labels) {
				all = append(all, m.GetCounter().GetValue()+m.GetGauge().GetValue()+float64(m.GetHistogram().GetSampleCount()))
			}
		}
	}
	return all
}

func hasLabels(has map[string]string, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if has[pair[0]] != pair[1] {
			return false
		}
	}
	return true
}

var errDown = errors.New("the store is down")
