package receive

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzSignature changes a signed request. If it is acknowledged it is, byte for byte, the
// signed one.
func FuzzSignature(f *testing.F) {
	receiver := newFixture(f, nil)
	at := time.Now()
	honest := signedBy(platformKey(), at, "nonce-1", someBody)
	timestamp, signature := honest.header.Get("Byte-Timestamp"), honest.header.Get("Byte-Signature")
	f.Add(timestamp, "nonce-1", signature, []byte(someBody), false)
	f.Add(timestamp, "nonce-1", signature, []byte(someBody+" "), true)
	f.Add(timestamp+"\nnonce-1", "", signature, []byte(someBody), false)
	f.Add(timestamp, "nonce-1\n"+someBody[:5], signature, []byte(someBody[5:]), false)
	f.Add(timestamp, "nonce-1", signature+signature, []byte(someBody), false)
	f.Add(timestamp, "nonce-1", strings.ToLower(signature), []byte(someBody), false)
	f.Add("0"+timestamp, "nonce-1", signature, []byte{}, false)
	f.Fuzz(func(t *testing.T, stamp, nonce, sign string, body []byte, chunked bool) {
		p := &post{http.MethodPost, honest.path, http.Header{
			"Content-Type": {"application/json"}, "Byte-Timestamp": {stamp}, "Byte-Nonce-Str": {nonce}, "Byte-Signature": {sign},
		}, body, chunked}
		w := p.to(receiver)
		same := stamp == timestamp && nonce == "nonce-1" && sign == signature && string(body) == someBody
		if same != (w.Code == http.StatusOK) {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if w.Code != http.StatusOK && !bytes.HasPrefix(w.Body.Bytes(), []byte(`{"err_no":1,`)) {
			t.Errorf("got answer %s", w.Body)
		}
	})
}

// FuzzLegacyBody posts a body to the path of old callbacks and to the one of both kinds. If
// it is acknowledged, encoding/json finds a right signature in it, too.
func FuzzLegacyBody(f *testing.F) {
	receiver := newFixture(f, nil)
	at := time.Now()
	honest := legacyPost(at, "nonce-1", `{"appid":"tt1"}`)
	f.Add(honest.body)
	f.Add(bytes.Replace(honest.body, []byte(`"nonce"`), []byte(`"Nonce":"x","nonce"`), 1))
	f.Add(bytes.Replace(honest.body, []byte(`"type"`), []byte(`"version":"1.0","type"`), 1))
	f.Add(bytes.Replace(honest.body, []byte(`"type":"settle",`), nil, 1))
	f.Add([]byte(`{"timestamp":1,"nonce":2,"msg":"","msg_signature":"0000000000000000000000000000000000000000"}`))
	f.Add([]byte(`{"msg":"{}","msg":"{}"}`))
	f.Add(bytes.Replace(honest.body, []byte(`"type"`), []byte(`"version":"1.0","version":"2.0","type"`), 1))
	f.Fuzz(func(t *testing.T, body []byte) {
		header := http.Header{"Content-Type": {"application/json"}}
		w := (&post{http.MethodPost, honest.path, header, body, false}).to(receiver)
		if one := (&post{http.MethodPost, strings.TrimSuffix(honest.path, "/legacy"), header, body, false}).to(receiver); one.Code != w.Code {
			t.Errorf("got status %d on the common path, %d on the old one", one.Code, w.Code)
		}
		if w.Code != http.StatusOK {
			return
		}
		var fields map[string]any
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&fields); err != nil {
			t.Fatalf("acknowledged a body that is not JSON: %v", err)
		}
		parts := []string{someToken}
		for _, name := range []string{"timestamp", "nonce", "msg"} {
			if fields[name] != nil {
				parts = append(parts, fmt.Sprint(fields[name]))
			}
		}
		slices.Sort(parts)
		if want := fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(parts, "")))); fields["msg_signature"] != want {
			t.Errorf("acknowledged with signature %v, want %s", fields["msg_signature"], want)
		}
		if fields["version"] != nil && fmt.Sprint(fields["version"]) == "2.0" {
			t.Error("taken, and it is of version 2.0")
		}
	})
}
