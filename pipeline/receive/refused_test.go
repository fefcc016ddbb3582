package receive

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// TestRefused: a request that is not signed, or not a callback, is not acknowledged and
// nothing of it is stored.
func TestRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	flipped := []byte(someBody)
	flipped[len(flipped)/2] ^= 1
	signature := signedPost("n", someBody).header.Get("Byte-Signature")
	raw, _ := base64.StdEncoding.DecodeString(signature)
	old := func(change string, to string) *post {
		p := legacyPost(now, "nonce-1", `{"appid":"tt1"}`)
		if !bytes.Contains(p.body, []byte(change)) {
			t.Fatalf("%s has no %s", p.body, change)
		}
		p.body = bytes.Replace(p.body, []byte(change), []byte(to), 1)
		return p
	}
	oldSigned := strconv.FormatInt(now.Unix(), 10)
	for name, row := range map[string]struct {
		post   *post
		status int
		reason string
	}{
		"no such app":            {at("/callbacks/settle/nobody", signedPost("n", someBody)), 404, "path"},
		"no app":                 {at("/callbacks/settle/", signedPost("n", someBody)), 404, "path"},
		"another path":           {at("/callbacks/refund/trade", signedPost("n", someBody)), 404, "path"},
		"below an app":           {at("/callbacks/settle/trade/x", signedPost("n", someBody)), 404, "path"},
		"two slashes":            {at("/callbacks/settle/trade//", signedPost("n", someBody)), 404, "path"},
		"two slashes before it":  {at("/callbacks/settle//trade", signedPost("n", someBody)), 404, "path"},
		"legacy, two slashes":    {at("/callbacks/settle/trade/legacy//", legacyPost(now, "n", "{}")), 404, "path"},
		"legacy without a token": {at("/callbacks/settle/plain/legacy", legacyPost(now, "n", "{}")), 404, "path"},
		"GET":                    {by(http.MethodGet, signedPost("n", someBody)), 405, "method"},
		"PUT":                    {by(http.MethodPut, signedPost("n", someBody)), 405, "method"},
		"64 KiB and 1":           {signedPost("n", strings.Repeat("x", maxBody+1)), 413, "too_large"},
		"64 KiB and 1 in chunks": {&post{http.MethodPost, "/callbacks/settle/trade", signedPost("n", "").header, make([]byte, maxBody+1), true}, 413, "too_large"},

		"no timestamp":             {with(signedPost("n", someBody), "Byte-Timestamp", ""), 401, "missing_timestamp"},
		"no nonce":                 {with(signedPost("n", someBody), "Byte-Nonce-Str", ""), 401, "missing_nonce"},
		"no signature":             {with(signedPost("n", someBody), "Byte-Signature", ""), 401, "missing_signature"},
		"two timestamps":           {twice(signedPost("n", someBody), "Byte-Timestamp"), 401, "bad_timestamp"},
		"two nonces":               {twice(signedPost("n", someBody), "Byte-Nonce-Str"), 401, "bad_nonce"},
		"two signatures":           {twice(signedPost("n", someBody), "Byte-Signature"), 401, "bad_signature"},
		"signatures in a list":     {with(signedPost("n", someBody), "Byte-Signature", signature+" "+signature), 401, "bad_signature"},
		"a timestamp of words":     {resigned(with(signedPost("n", someBody), "Byte-Timestamp", "yesterday!")), 401, "bad_timestamp"},
		"a negative timestamp":     {resigned(with(signedPost("n", someBody), "Byte-Timestamp", "-123456789")), 401, "bad_timestamp"},
		"a short timestamp":        {resigned(with(signedPost("n", someBody), "Byte-Timestamp", "123456789")), 401, "bad_timestamp"},
		"a long timestamp":         {resigned(with(signedPost("n", someBody), "Byte-Timestamp", "17000000000000000000")), 401, "bad_timestamp"},
		"a nonce too long":         {resigned(with(signedPost("n", someBody), "Byte-Nonce-Str", strings.Repeat("n", maxNonce+1))), 401, "bad_nonce"},
		"a nonce of other bytes":   {resigned(with(signedPost("n", someBody), "Byte-Nonce-Str", "随机")), 401, "bad_nonce"},
		"signature not base64":     {with(signedPost("n", someBody), "Byte-Signature", "!"+signature[1:]), 401, "bad_signature"},
		"signature cut":            {with(signedPost("n", someBody), "Byte-Signature", signature[:len(signature)/2/4*4]), 401, "bad_signature"},
		"signature unpadded":       {with(signedPost("n", someBody), "Byte-Signature", strings.TrimRight(signature, "=")), 401, "bad_signature"},
		"signature of one zero":    {with(signedPost("n", someBody), "Byte-Signature", base64.StdEncoding.EncodeToString(make([]byte, 256))), 401, "wrong_signature"},
		"signature prefixed":       {with(signedPost("n", someBody), "Byte-Signature", base64.StdEncoding.EncodeToString(append([]byte{0}, raw...))), 401, "wrong_signature"},
		"another's signature":      {with(signedPost("n", someBody), "Byte-Signature", signedPost("m", someBody).header.Get("Byte-Signature")), 401, "wrong_signature"},
		"another's key":            {signedBy(foreignKey(), now, "n", someBody), 401, "wrong_signature"},
		"another size of key":      {signedBy(nextKey(), now, "n", someBody), 401, "wrong_signature"},
		"a flipped bit":            {saying(string(flipped), signedPost("n", someBody)), 401, "wrong_signature"},
		"another timestamp":        {with(signedPost("n", someBody), "Byte-Timestamp", strconv.FormatInt(now.Unix()-60, 10)), 401, "wrong_signature"},
		"another nonce":            {with(signedPost("n", someBody), "Byte-Nonce-Str", "m"), 401, "wrong_signature"},
		"a line more":              {saying(someBody+"\n", signedPost("n", someBody)), 401, "wrong_signature"},
		"JSON written anew":        {saying(strings.Replace(someBody, `":"`, `": "`, 1), signedPost("n", someBody)), 401, "wrong_signature"},
		"too new":                  {signedBy(platformKey(), now.Add(maxAhead+time.Minute), "n", someBody), 401, "too_new"},
		"too old and unsigned":     {signedBy(foreignKey(), now.Add(-maxAge-time.Minute), "n", someBody), 401, "wrong_signature"},
		"no version, 2.0 signed":   {signedPost("n", `{"type":"settle","msg":"{}"}`), 401, "missing_timestamp"},
		"version 1.0, 2.0 signed":  {signedPost("n", `{"version":"1.0","type":"settle","msg":"{}"}`), 401, "missing_timestamp"},
		"2.0 signed as legacy":     {at("/callbacks/settle/trade", old(`"type"`, `"version":"2.0","type"`)), 401, "missing_timestamp"},
		"2.0 signed as both":       {&post{http.MethodPost, "/callbacks/settle/trade", signedBy(foreignKey(), now, "n", "").header, old(`"type"`, `"version":"2.0","type"`).body, false}, 401, "wrong_signature"},
		"version 2.0 as a number":  {at("/callbacks/settle/trade", old(`"type"`, `"version":2.0,"type"`)), 401, "missing_timestamp"},
		"version twice":            {at("/callbacks/settle/trade", old(`"type"`, `"version":"1.0","version":"2.0","type"`)), 401, "missing_timestamp"},
		"legacy on the one path":   {at("/callbacks/settle/trade", old("nonce-1", "nonce-2")), 401, "wrong_signature"},
		"legacy in no JSON":        {at("/callbacks/settle/trade", old("{", "{,")), 401, "missing_timestamp"},
		"2.0 on the legacy path":   {at("/callbacks/settle/trade/legacy", signedPost("n", someBody)), 401, "not_legacy"},
		"legacy, says it is 2.0":   {old(`"type"`, `"version":"2.0","type"`), 401, "not_legacy"},
		"legacy, nonce twice":      {old(`"nonce"`, `"nonce":"nonce-2","nonce"`), 401, "legacy_body"},
		"legacy, 2.0 as a number":  {old(`"type"`, `"version":2.0,"type"`), 401, "not_legacy"},
		"legacy, no timestamp":     {old(`"timestamp":"`+oldSigned+`"`, `"timestamp":""`), 401, "missing_timestamp"},
		"legacy, no nonce":         {old(`"nonce":"nonce-1"`, `"nonce":null`), 401, "missing_nonce"},
		"legacy, no signature":     {old(`"msg_signature"`, `"signature"`), 401, "missing_signature"},
		"legacy, signature cut":    {old(`"msg_signature":"`, `"msg_signature":"","was":"`), 401, "missing_signature"},
		"legacy, short signature":  {old(`"msg_signature":"`, `"msg_signature":"12","was":"`), 401, "bad_signature"},
		"legacy, other nonce":      {old("nonce-1", "nonce-2"), 401, "wrong_signature"},
		"legacy, other msg":        {old("tt1", "tt2"), 401, "wrong_signature"},
		"legacy, no msg":           {old(`"msg"`, `"mgs"`), 401, "wrong_signature"},
		"legacy, msg twice":        {old(`"nonce"`, `"msg":"{}","nonce"`), 401, "legacy_body"},
		"legacy, msg no text":      {old(`"msg":"`, `"msg":5,"was":"`), 401, "legacy_body"},
		"legacy, two values":       {old(`"nonce"`, `"x":1}{"nonce"`), 401, "legacy_body"},
		"legacy, not JSON":         {saying("timestamp=1", legacyPost(now, "n", "{}")), 401, "legacy_body"},
		"legacy, an array":         {saying("[]", legacyPost(now, "n", "{}")), 401, "legacy_body"},
		"legacy, deep":             {saying(strings.Repeat("[", 20_000), legacyPost(now, "n", "{}")), 401, "legacy_body"},
		"legacy, too new":          {legacyPost(now.Add(maxAhead+time.Minute), "n", "{}"), 401, "too_new"},
		"legacy, no time":          {old(`"timestamp":"`+oldSigned, `"timestamp":"soon`), 401, "bad_timestamp"},
		"legacy, control in nonce": {old("nonce-1", `nonce\n1`), 401, "bad_nonce"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			w := row.post.to(f)
			app := "trade"
			if row.status == http.StatusNotFound {
				app = ""
			}
			if w.Code != row.status || f.number(t, "refused_total", "app", app, "reason", row.reason) != 1 {
				t.Errorf("got %d %s, want %d for %s\n%s", w.Code, w.Body, row.status, row.reason, f.logged)
			}
			if !strings.HasPrefix(w.Body.String(), `{"err_no":1,"err_tips":"`) || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("got answer %s", w.Body)
			}
			checkNothingKept(t, f, row.post)
		})
	}
}

// checkNothingKept checks that the archive has nothing of a request, and the log nothing but
// where it came from.
func checkNothingKept(t *testing.T, f *fixture, p *post) {
	t.Helper()
	if len(f.shelf.encoded) > 0 || f.shelf.tried > 0 || f.number(t, "acknowledged_total") > 0 || f.number(t, "verified_total") > 0 {
		t.Errorf("stored: %v", f.shelf.encoded)
	}
	log := f.logged.String()
	for _, secret := range []string{someToken, "canary-extra", "settle_id", p.header.Get("Byte-Signature")} {
		if secret != "" && strings.Contains(log, secret) {
			t.Errorf("the log has %q: %s", secret, log)
		}
	}
	if target, _, _ := strings.Cut(p.path, "?"); !strings.Contains(log, `"path":"`+target+`"`) {
		t.Errorf("the log does not have the path: %s", log)
	}
	if !strings.Contains(log, `"remote":"192.0.2.1:1234"`) {
		t.Errorf("the log does not have the address: %s", log)
	}
}

// TestCutBody: a body that ends early is refused, with or without a length.
func TestCutBody(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{int64(len(someBody)) + 1, -1} {
		f := newFixture(t, nil)
		p := signedPost("n", someBody)
		q := httptest.NewRequest(p.method, p.path, iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(p.body))))
		q.Header, q.ContentLength = p.header, length
		w := httptest.NewRecorder()
		f.ServeHTTP(w, q)
		if w.Code != http.StatusBadRequest || f.number(t, "refused_total", "reason", "cut_body") != 1 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		checkNothingKept(t, f, p)
	}
}

// TestWrongSignature: the log has the keys that were tried, the length of the body and the
// two usual causes, the likelier one first.
func TestWrongSignature(t *testing.T) {
	t.Parallel()
	name := fmt.Sprintf("%x", sha256.Sum256(pemBytes(publicPEM(platformKey()))))[:12]
	for what, p := range map[string]*post{
		"the app's own key":            signedBy(foreignKey(), time.Now(), "n", someBody),
		"the app's own key, of others": signedBy(nextKey(), time.Now(), "n", someBody),
		"written anew":                 saying(someBody+" ", signedPost("n", someBody)),
	} {
		f := newFixture(t, nil)
		logged := func() string {
			t.Helper()
			if w := p.to(f); w.Code != http.StatusUnauthorized || w.Body.String() != string(errWrong.answer) {
				t.Fatalf("%s: %d %s", what, w.Code, w.Body)
			}
			log := f.logged.String()
			for _, want := range []string{`"keys":["` + name + `"]`, fmt.Sprintf(`"body_bytes":%d`, len(p.body)), "应用公钥", "平台公钥", "改写了请求体", "the app's own", "a proxy may rewrite the body"} {
				if !strings.Contains(log, want) {
					t.Errorf("%s: no %q in %s", what, want, log)
				}
			}
			return log
		}
		if log := logged(); !strings.Contains(log, "public_keys may hold the app's own key") {
			t.Errorf("%s: the key is likelier: %s", what, log)
		}
		checkNothingKept(t, f, p)
		now := time.Now().Add(2 * time.Second)
		f.samples.now = func() time.Time { return now }
		signedPost("m", someBody).to(f)
		if log := logged(); !strings.Contains(log, "these keys have verified other callbacks") {
			t.Errorf("%s: a proxy is likelier: %s", what, log)
		}
	}
	f := newFixture(t, nil)
	p := at("/callbacks/settle/trade", legacyPost(time.Now(), "n", `{"a":1}`))
	p.body = bytes.Replace(p.body, []byte(`:1}`), []byte(`:2}`), 1)
	p.to(f)
	for _, want := range []string{`"keys":"legacy_token"`, "支付设置", "改写了请求体"} {
		if log := f.logged.String(); !strings.Contains(log, want) {
			t.Errorf("no %q in %s", want, log)
		}
	}
	checkNothingKept(t, f, p)
}

func pemBytes(text []byte) []byte {
	block, _ := pem.Decode(text)
	return block.Bytes
}

// TestRefusedPath: the log has the requested path, cut and in ASCII, without the query.
func TestRefusedPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/callbacks/settle/trad?x=canary-extra":     `"path":"/callbacks/settle/trad"`,
		"/callbacks/%E5%88%86\u8d26/%0A%1b[31m":     `"path":"/callbacks/`,
		"/" + strings.Repeat("a", 10*maxPath):       `"path":"/` + strings.Repeat("a", maxPath-1) + `..."`,
		"/callbacks/settle/trade%2Flegacy%2Fcanary": `"path":"/callbacks/settle/trade%2Flegacy%2Fcanary"`,
	} {
		f := newFixture(t, nil)
		q := httptest.NewRequest(http.MethodPost, "/", nil)
		target, err := url.ParseRequestURI(path)
		if err != nil {
			t.Fatal(err)
		}
		q.URL = target
		f.ServeHTTP(httptest.NewRecorder(), q)
		log := f.logged.String()
		if !strings.Contains(log, want) || strings.Contains(log, "canary-extra") || strings.ContainsAny(log, "\x1b账") {
			t.Errorf("%s: want %s in %s", path, want, log)
		}
	}
}

// TestLogID: a log id, which is not signed, loses unusual characters and excess length.
func TestLogID(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	p := with(signedPost("n", someBody), "Byte-Logid", "20261120\"}\x1b[31m中"+strings.Repeat("a", 100))
	if w := p.to(f); w.Code != http.StatusOK {
		t.Fatal(w.Code)
	}
	if got, want := f.shelf.callbackOf("n").LogID, "2026112031m"+strings.Repeat("a", 64-11); got != want {
		t.Errorf("got log id %q, want %q", got, want)
	}
}
