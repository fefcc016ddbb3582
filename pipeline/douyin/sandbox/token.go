package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"billwalk/schema"
)

// The rules of client_token.
const (
	tokenLife       = 2 * time.Hour
	tokenGrace      = 5 * time.Minute // of the former token, once there is a new one
	tokenCallsLimit = 500             // in tokenCallsWindow
	mostApps        = 64              // client keys remembered; a bound, not a habit of the platform
)

const tokenCallsWindow = 5 * time.Minute

// app is what the platform remembers of one client key.
type app struct {
	calls  []time.Time // the latest tokenCallsLimit
	live   []token     // at most two, the newest last
	issued int
}

type token struct {
	text    string
	expires time.Time
}

// tokens issues tokens to apps and knows which are good.
type tokens struct {
	seed uint64
	mu   sync.Mutex
	apps map[string]*app
}

// issue counts the call and returns a new token, or an error code.
func (t *tokens) issue(key string, now time.Time) (string, int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.apps[key]
	if a == nil {
		if len(t.apps) == mostApps {
			return "", codeBadKey
		}
		a = &app{}
		t.apps[key] = a
	}
	if len(a.calls) == tokenCallsLimit {
		if now.Sub(a.calls[0]) < tokenCallsWindow {
			return "", codeTokenCalls
		}
		a.calls = a.calls[1:]
	}
	a.calls = append(a.calls, now)
	a.issued++
	fresh := token{text: fmt.Sprintf("clt.%016x%016x", dice(t.seed, word(key), uint64(a.issued)), dice(uint64(a.issued), word(key), t.seed)), expires: now.Add(tokenLife)}
	if len(a.live) > 0 {
		former := a.live[len(a.live)-1]
		if end := now.Add(tokenGrace); former.expires.After(end) {
			former.expires = end
		}
		a.live = []token{former}
	}
	a.live = append(a.live, fresh)
	return fresh.text, 0
}

// owner returns the client key that the token was issued to, if the token is one
// of its two newest, and in time.
func (t *tokens) owner(text string, now time.Time) (key string, good bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, a := range t.apps {
		for _, known := range a.live {
			if known.text == text {
				return key, now.Before(known.expires)
			}
		}
	}
	return "", false
}

// kill ends the token at once.
func (t *tokens) kill(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.apps {
		for i := range a.live {
			if a.live[i].text == text {
				a.live[i].expires = time.Time{}
			}
		}
	}
}

type tokenRequest struct {
	ClientKey    string `json:"client_key"`
	ClientSecret string `json:"client_secret"`
	GrantType    string `json:"grant_type"`
}

type tokenAnswer struct {
	Data struct {
		AccessToken string `json:"access_token"`
		Description string `json:"description"`
		ErrorCode   int64  `json:"error_code"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	} `json:"data"`
	Message string `json:"message"`
}

func (p *Platform) serveToken(w http.ResponseWriter, r *http.Request) {
	call := p.traffic.arrive(Request{API: TokenAPI, At: p.config.Now()})
	if !pause(r.Context(), p.config.Latency) {
		return
	}
	var request tokenRequest
	var answer tokenAnswer
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&request)
	code := p.refuseToken(request, call)
	if err != nil {
		code = codeTokenParameter
	}
	if code == 0 {
		answer.Data.AccessToken, code = p.tokens.issue(request.ClientKey, p.config.Now())
	}
	answer.Message = "success"
	if code != 0 {
		answer.Message, answer.Data.ErrorCode, answer.Data.Description = "error", code, describe(code)
	} else {
		answer.Data.ExpiresIn = int64(tokenLife / time.Second)
	}
	p.traffic.answered(TokenAPI, code)
	p.send(w, r, reply{body: compact(answer)})
}

// refuseToken returns the error code of the call, 0 for none.
func (p *Platform) refuseToken(request tokenRequest, call int) int64 {
	if f, ok := p.config.Faults.token(call); ok {
		p.traffic.struck(TokenAPI, f)
		return f.code
	}
	if request.ClientKey == "" || request.ClientSecret == "" || request.GrantType != "client_credential" {
		return codeTokenParameter
	}
	return p.config.refuseCredentials(request.ClientKey, request.ClientSecret)
}

// refuseCredentials returns the error code of a key and secret that are of no
// configured app. Where none is, all are good; where the trade app alone is, any
// others are taken for the life app's.
func (c *Config) refuseCredentials(key, secret string) int64 {
	same := func(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
	if c.ClientSecret.Empty() && (c.TradeSecret.Empty() || key != c.TradeKey) {
		return 0
	}
	code := int64(codeBadKey)
	for _, app := range []struct {
		key    string
		secret schema.Secret
	}{{c.ClientKey, c.ClientSecret}, {c.TradeKey, c.TradeSecret}} {
		if app.secret.Empty() || !same(key, app.key) {
			continue
		}
		if same(secret, app.secret.Reveal()) {
			return 0
		}
		code = codeBadSecret
	}
	return code
}

// admits says that the API is the app's that has the client key.
func (c *Config) admits(api, key string) bool {
	if api == SettleAPI {
		return c.TradeSecret.Empty() || key == c.TradeKey
	}
	return c.ClientSecret.Empty() || key == c.ClientKey
}
