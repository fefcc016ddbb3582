package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// bot is a platform that keeps what it is sent, and answers one after the other.
type bot struct {
	*httptest.Server
	answers []string // "STATUS BODY", the last of them for all further requests

	mu     sync.Mutex
	bodies []string
	urls   []*url.URL
}

func newBot(t *testing.T, answers ...string) *bot {
	t.Helper()
	b := &bot{answers: answers}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *bot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := b.answers[min(len(b.bodies), len(b.answers)-1)]
	b.bodies, b.urls = append(b.bodies, string(body)), append(b.urls, r.URL)
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		answer = "400 " + r.Method
	}
	status, text := 0, ""
	_, _ = fmt.Sscanf(answer, "%d", &status)
	if _, text, _ = strings.Cut(answer, " "); status == 0 {
		panic(http.ErrAbortHandler) // no answer
	}
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// sent returns the bodies and addresses of the requests so far.
func (b *bot) sent() ([]string, []*url.URL) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bodies, b.urls
}

// at is when the examples of the platforms' documentation are signed.
var at = time.Unix(1599360473, 0)

func client() *Client { return &Client{Now: func() time.Time { return at }} }

func (b *bot) hook(kind Kind, secret string) Hook {
	return Hook{kind, schema.NewSecret(b.URL + "/robot/send?access_token=token-0123456789"), schema.NewSecret(secret)}
}

var accepts = map[Kind]string{
	Feishu: `200 {"StatusCode":0,"code":0,"data":{},"msg":"success"}`, DingTalk: `200 {"errcode":0,"errmsg":"ok"}`,
	WeCom: `200 {"errcode":0,"errmsg":"ok"}`, Slack: "200 ok",
}

var message = Message{Title: "billwalk nightly", Lines: []string{"平账 3 组", "a*b <c> & [d](e)\n@all"}, Trouble: true}

// TestContent compares what is sent with the platforms' documentation. The signatures are
// those of its sample code for the secret "this is secret".
func TestContent(t *testing.T) {
	t.Parallel()
	for kind, want := range map[Kind]struct{ secret, query, body string }{
		Feishu: {"this is secret", "access_token=token-0123456789", `{"timestamp":"1599360473","sign":"/eYKrXQBzTjUZJ3s6NX16VxGbTwmK7AEs8/FnvC1CSw=","msg_type":"interactive","card":{
			"config":{"wide_screen_mode":true},
			"header":{"template":"red","title":{"tag":"plain_text","content":"billwalk nightly"}},
			"elements":[{"tag":"div","text":{"tag":"plain_text","content":"平账 3 组\na*b <c> & [d](e) @all"}}]}}`},
		DingTalk: {"this is secret", "access_token=token-0123456789&sign=hXZTWifRGHclNuZSKxoXc%2F%2Fsh51SWfVfRIhcdeKs63I%3D&timestamp=1599360473000", `{"msgtype":"markdown","markdown":{
			"title":"billwalk nightly","text":"#### billwalk nightly\n\n平账 3 组\n\na＊b ＜c＞ & ［d］(e) ＠all"}}`},
		WeCom: {"", "access_token=token-0123456789", `{"msgtype":"markdown","markdown":{"content":"**billwalk nightly**\n平账 3 组\na＊b ＜c＞ & ［d］(e) ＠all"}}`},
		Slack: {"", "access_token=token-0123456789", `{"text":"billwalk nightly","blocks":[
			{"type":"header","text":{"type":"plain_text","text":"billwalk nightly"}},
			{"type":"section","text":{"type":"mrkdwn","verbatim":true,"text":"平账 3 组\na＊b &lt;c&gt; &amp; [d](e) @all"}}]}`},
	} {
		b := newBot(t, accepts[kind])
		if err := client().Send(t.Context(), []Hook{b.hook(kind, want.secret)}, message)[0]; err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		bodies, urls := b.sent()
		if len(bodies) != 1 || urls[0].RawQuery != want.query || urls[0].Path != "/robot/send" {
			t.Fatalf("%s: %d requests, %v", kind, len(bodies), urls)
		}
		if diff := cmp.Diff(decoded(t, want.body), decoded(t, bodies[0])); diff != "" {
			t.Errorf("%s: -want +got:\n%s", kind, diff)
		}
	}
}

// TestUnsigned: without a secret there is no signature, and a card without trouble is green.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	feishu, ding := newBot(t, accepts[Feishu]), newBot(t, accepts[DingTalk])
	quiet := message
	quiet.Trouble = false
	if err := errors.Join(client().Send(t.Context(), []Hook{feishu.hook(Feishu, ""), ding.hook(DingTalk, "")}, quiet)...); err != nil {
		t.Fatal(err)
	}
	bodies, _ := feishu.sent()
	if body := bodies[0]; strings.Contains(body, "sign") || !strings.Contains(body, `"template":"green"`) {
		t.Error(body)
	}
	_, urls := ding.sent()
	if got := urls[0].RawQuery; got != "access_token=token-0123456789" {
		t.Error(got)
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// TestAnswers: an error in an answer with status 200 is one, what may pass is tried again,
// and a redirect is not followed.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    Kind
		answers []string
		calls   int
		want    string // "" for success
	}{
		{Feishu, []string{`200 {"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}`}, 1, "code 19021: sign match fail or timestamp is not within one hour from current time"},
		{Feishu, []string{`200 {"code":11232,"msg":"frequency limited"}`, accepts[Feishu]}, 2, ""},
		{Feishu, []string{`200 {"errcode":0,"errmsg":"ok"}`}, 1, `the answer has no code: {"errcode":0,"errmsg":"ok"}`},
		{Feishu, []string{`200 {"code":null}`}, 1, `the answer has no code: {"code":null}`},
		{Feishu, []string{`200 {"code":"0"}`}, 1, `the answer has no code: {"code":"0"}`},
		{Feishu, []string{"200 <html>\n\x1b[31mlogin</html>"}, 1, "the answer has no code: <html> [31mlogin</html>"},
		{DingTalk, []string{`200 {"errcode":310000,"errmsg":"sign not match"}`}, 1, "errcode 310000: sign not match"},
		{DingTalk, []string{`200 {"errcode":130101,"errmsg":"send too fast"}`}, 3, "errcode 130101: send too fast"},
		{WeCom, []string{`200 {"errcode":93000,"errmsg":"invalid webhook url"}`}, 1, "errcode 93000: invalid webhook url"},
		{WeCom, []string{`200 {"errcode":45009,"errmsg":"api freq out of limit"}`, "502 bad gateway", accepts[WeCom]}, 3, ""},
		{Slack, []string{"403 invalid_token"}, 1, "status 403: invalid_token"},
		{Slack, []string{"429 rate limited", "200 ok"}, 2, ""},
		{Slack, []string{"200 "}, 1, "the answer is not ok: "},
		{Slack, []string{"307 "}, 1, "status 307: "},
		{Slack, []string{"0", "0", "200 ok"}, 3, ""},
		{Slack, []string{"0"}, 3, "EOF"},
		{Slack, []string{"500 " + strings.Repeat("长", 20_000)}, 3, "status 500: " + strings.Repeat("长", maxQuoted) + "…"},
	} {
		b := newBot(t, test.answers...)
		err := client().Send(t.Context(), []Hook{b.hook(test.kind, "")}, message)[0]
		if got := fmt.Sprint(err); got != test.want && !(err == nil && test.want == "") {
			t.Errorf("%s %.40q: got %s, want %s", test.kind, test.answers, got, test.want)
		}
		if bodies, _ := b.sent(); len(bodies) != test.calls {
			t.Errorf("%s %.40q: %d calls, want %d", test.kind, test.answers, len(bodies), test.calls)
		}
	}
	if err := client().Send(t.Context(), []Hook{{Kind: "email"}}, message)[0]; err == nil {
		t.Error("an unknown platform has no error")
	}
}

// TestEnds: a hook that fails holds up no other, and the context ends the tries.
func TestEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	busy, fine := newBot(t, "503 "), newBot(t, "200 ok")
	cancelling := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { cancel(); w.WriteHeader(503) }))
	defer cancelling.Close()
	errs := (&Client{Pause: time.Millisecond}).Send(t.Context(), []Hook{busy.hook(Slack, ""), fine.hook(Slack, "")}, message)
	if bodies, _ := fine.sent(); errs[0] == nil || errs[1] != nil || len(bodies) != 1 {
		t.Errorf("got %v", errs)
	}
	if err := (&Client{Pause: time.Hour}).Send(ctx, []Hook{{Slack, schema.NewSecret(cancelling.URL + "/x"), schema.Secret{}}}, message)[0]; err == nil {
		t.Error("a message was sent after the end")
	}
}

// TestSilent: no error repeats a credential, wherever it comes from.
func TestSilent(t *testing.T) {
	t.Parallel()
	const token, secret = "canary-token-1", "canary-secret-2"
	said := ""
	for _, kind := range []Kind{Feishu, DingTalk, WeCom, Slack} {
		for _, answer := range []string{
			`200 {"code":1,"errcode":1,"msg":"token ` + token + ` secret ` + secret + `","errmsg":"` + token + secret + `"}`, "200 " + token + secret, "500 /send?key=" + token, "0",
		} {
			b := newBot(t, answer)
			for _, path := range []string{"/send?key=" + token, "/hook/" + token} {
				hook := Hook{kind, schema.NewSecret(b.URL + path), schema.NewSecret(secret)}
				said += fmt.Sprintf("%v %+v %#v\n", client().Send(t.Context(), []Hook{hook}, message)[0], hook, hook)
			}
		}
		for _, address := range []string{"://" + token, "http://127.0.0.1:1/" + token, "http://127.0.0.1:x/" + token, "gopher://" + token} {
			said += fmt.Sprintln(client().Send(t.Context(), []Hook{{kind, schema.NewSecret(address), schema.NewSecret(secret)}}, message)[0])
		}
	}
	if strings.Contains(said, "canary") || strings.Count(said, "redacted") < 40 {
		t.Errorf("credentials are shown: %s", said)
	}
}

// TestFits: a message of any length is within the platform's limit, and says what it lacks.
func TestFits(t *testing.T) {
	t.Parallel()
	long := Message{Title: strings.Repeat("标题*", 200)}
	for range 2000 {
		long.Lines = append(long.Lines, strings.Repeat("&<长>*", 20))
	}
	for _, m := range []Message{long, {Title: "t", Lines: []string{strings.Repeat("长", 30_000)}}, {}} {
		wecom := weComMarkdown(m)["markdown"].(object)["content"].(string)
		slack := slackBlocks(m)["blocks"].([]object)[1]["text"].(object)["text"].(string)
		if len(wecom) > maxWeCom || len(slack) > maxSlack || !utf8.ValidString(wecom+slack) {
			t.Errorf("%d bytes for WeCom, %d for Slack", len(wecom), len(slack))
		}
		for kind, p := range platforms {
			body, err := json.Marshal(p.content(m))
			if err != nil || len(body) > 20_000 {
				t.Errorf("%s: %d bytes, %v", kind, len(body), err)
			}
			if len(m.Lines) > 0 && !strings.Contains(string(body), "more)") {
				t.Errorf("%s does not say what was left out", kind)
			}
		}
	}
}
