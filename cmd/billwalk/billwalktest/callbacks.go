package billwalktest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// SeedCallback is the request of the platform's own documentation, its comment
// taken off.
const SeedCallback = `{
 "version": "2.0",
 "msg":"{\"app_id\":\"ttcfdbb96650e33350\",\"status\":\"SUCCESS\",\"order_id\":\"ot7057435515980663048\",\"cp_extra\":\"test\",\"message\":\"SUCCESS\",\"event_time\":1643189272388,\"settle_id\":\"ot7057416814925531429\",\"out_settle_no\":\"ext_order_no_1643188675912_settle——1\",\"rake\":0,\"commission\":0,\"settle_detail\":\"商户号68882720803499563550-分成金额(分)2\",\"settle_amount\":2,\"item_order_id\":\"ot78318372940872837161\",\"is_auto_settle\":false}",
 "type": "settle" }`

// OldToken signs old callbacks for the platform.
const OldToken = "canary-token-of-callbacks"

// receivedApps are the mini-programs of the tests' callbacks: of the examples in the
// documentation, of the sandbox, and of the tests' own.
var receivedApps = []string{"ttcfdbb96650e33350", "ttcfdbbxxx650exxx0", "ttcfdbb9XXXXXX50", "tt1", "trade-key"}

// ReceivedKey signs for the platform. It is made once: that takes a while.
var ReceivedKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// ReceiverConfig writes a jobs.yaml whose app trade has callbacks, with the
// platform's public key beside it, and returns its path.
func ReceiverConfig(t testing.TB, lake Place) string {
	t.Helper()
	folder := t.TempDir()
	public, err := x509.MarshalPKIXPublicKey(&ReceivedKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`version: 1
lake: {url: %q, endpoint: %q, path_style: %v}
apps:
  trade: {base_url: "http://127.0.0.1:9", client_key: key, client_secret: canary-secret, callbacks: {public_keys: [platform.pem], legacy_token: %s, app_ids: [%s]}}
jobs:
  nightly: {accounts: [{account_id: "1"}], bills: {app: trade}}
`, lake.URL, lake.Options.Endpoint, lake.Options.PathStyle, OldToken, strings.Join(receivedApps, ", "))
	for name, content := range map[string][]byte{
		"platform.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"jobs.yaml":    []byte(text),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "jobs.yaml")
}

// SignedHeader is that of a request that the platform sends now.
func SignedHeader(key *rsa.PrivateKey, nonce string, body []byte) http.Header {
	return SignedHeaderAt(Now(), key, nonce, body)
}

// SignedHeaderAt is the header of a request that the platform signs at a time.
func SignedHeaderAt(at time.Time, key *rsa.PrivateKey, nonce string, body []byte) http.Header {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	digest := sha256.Sum256(bytes.Join([][]byte{[]byte(timestamp), []byte(nonce), body, nil}, []byte("\n")))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return http.Header{
		"Content-Type": {"application/json"}, "Byte-Timestamp": {timestamp}, "Byte-Nonce-Str": {nonce},
		"Byte-Signature": {base64.StdEncoding.EncodeToString(signature)}, "Byte-Logid": {"20261120123456010203040506" + nonce},
	}
}

// OverWire is a whole request as it is sent.
func OverWire(path string, header http.Header, body []byte) []byte {
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: receiver\r\nContent-Length: %d\r\n", path, len(body))
	if err := header.Write(&request); err != nil {
		panic(err)
	}
	request.WriteString("\r\n")
	request.Write(body)
	return request.Bytes()
}
