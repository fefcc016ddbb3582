package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"

	"billwalk/schema"
)

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
	call := p.traffic.record(Request{API: TokenAPI, At: p.config.Now()})
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
	p.traffic.countAnswer(TokenAPI, code)
	p.send(w, r, reply{body: compact(answer)})
}

// refuseToken returns the error code of the call, 0 for none.
func (p *Platform) refuseToken(request tokenRequest, call int) int64 {
	if f, ok := p.config.Faults.token(call); ok {
		p.traffic.countFault(TokenAPI, f)
		return f.code
	}
	if request.ClientKey == "" || request.ClientSecret == "" || request.GrantType != "client_credential" {
		return codeTokenParameter
	}
	return p.config.refuseCredentials(request.ClientKey, request.ClientSecret)
}

// refuseCredentials returns the error code of a key and secret that belong to no
// configured app, 0 for none. Without any configured app all are accepted; with the
// trade app only, all others count as the life app's.
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

// admits reports whether the app with the client key may call the API.
func (c *Config) admits(api, key string) bool {
	if api == SettleAPI {
		return c.TradeSecret.Empty() || key == c.TradeKey
	}
	return c.ClientSecret.Empty() || key == c.ClientKey
}
