package sandbox

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// receiver verifies, stores and acknowledges callbacks.
type receiver struct {
	t      *testing.T
	key    *rsa.PublicKey
	token  string
	blind  bool                                            // acknowledges any signature
	refuse func(w http.ResponseWriter, request, tries int) // nil, or writes another answer before the acknowledgement
	mu     sync.Mutex
	posts  int
	tries  map[string]int      // by settlement and item
	stored map[string][]string // bodies, likewise
	refuses,
	legacies int
	signatures map[string]int // requests by signature
}

func newReceiver(t *testing.T) *receiver {
	return &receiver{t: t, key: &testKey().PublicKey, token: "token", tries: map[string]int{}, stored: map[string][]string{}, signatures: map[string]int{}}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.posts++; r.blind {
		_, _ = io.WriteString(w, `{"err_no":0,"err_tips":"success"}`)
		return
	}
	var seen struct{ Version string }
	_ = json.Unmarshal(body, &seen) // a forged body may not be JSON
	legacy := seen.Version != "2.0"
	if request.Method != http.MethodPost || request.Header.Get("Content-Type") != "application/json" || request.Header.Get("Byte-Logid") == "" ||
		request.Header.Get("Byte-Identifyname") != request.URL.Path {
		r.t.Errorf("%s %s: %v", request.Method, request.URL.Path, request.Header)
	}
	if legacy && !r.signedByToken(body) || !legacy && !r.signedByKey(request.Header, body) {
		r.refuses++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	key := keyOf(r.t, body)
	r.tries[key]++
	r.signatures[request.Header.Get("Byte-Signature")]++
	if r.refuse != nil {
		r.refuse(w, r.posts, r.tries[key])
	}
	r.stored[key] = append(r.stored[key], string(body))
	if legacy {
		r.legacies++
	}
	_, _ = io.WriteString(w, `{"err_no":0,"err_tips":"success"}`)
}

func (r *receiver) signedByKey(header http.Header, body []byte) bool {
	sum := sha256.Sum256(bytes.Join([][]byte{[]byte(header.Get("Byte-Timestamp")), []byte(header.Get("Byte-Nonce-Str")), body, nil}, []byte("\n")))
	signature, err := base64.StdEncoding.DecodeString(header.Get("Byte-Signature"))
	return err == nil && header.Get("Byte-Timestamp") != "" && header.Get("Byte-Nonce-Str") != "" && rsa.VerifyPKCS1v15(r.key, crypto.SHA256, sum[:], signature) == nil
}

func (r *receiver) signedByToken(body []byte) bool {
	var seen struct {
		Version, Timestamp, Nonce, Msg, Type string
		Signature                            string `json:"msg_signature"`
	}
	if err := json.Unmarshal(body, &seen); err != nil || seen.Type != "settle" {
		return false // forged
	}
	parts := []string{seen.Msg, r.token, seen.Nonce, seen.Timestamp}
	slices.Sort(parts)
	return seen.Signature == fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(parts, ""))))
}

// keyOf returns the settlement and the item of a callback of either kind.
func keyOf(t *testing.T, body []byte) string {
	t.Helper()
	var seen callbackText
	var msg map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(body, &seen), json.Unmarshal([]byte(seen.Msg), &msg)); err != nil {
		t.Errorf("%v in %s", err, body)
	}
	for _, name := range []string{"settle_id", "settle_no", "channel_settle_id", "cp_settle_no"} {
		if id := text(msg[name]); id != "" {
			return id + " " + text(msg["item_order_id"])
		}
	}
	t.Errorf("no settle_id in %s", body)
	return ""
}

func (r *receiver) serve() string {
	server := httptest.NewServer(r)
	r.t.Cleanup(server.Close)
	return server.URL + "/callbacks/settle/trade"
}
