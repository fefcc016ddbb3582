package douyin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/schema"
)

const pathToken = "/oauth/client_token/"

const (
	longestLife = 366 * 24 * 60 * 60 // seconds; a longer expires_in is a mistake
	renewAhead  = 5 * time.Minute    // before a token expires
	renewAgain  = 30 * time.Second   // after renewing ahead failed and the token still lives
)

// grant is a token as client_token gave it.
type grant struct {
	token   schema.Secret
	serial  int64     // where processes share tokens: a later one's is greater
	renewAt time.Time // when to fetch the next one, while this one still lives
	expires time.Time
}

// grantFor returns the grant of a token that lives so long from now. Tokens that
// live shorter than 25 minutes are renewed at 80 % of their life.
func grantFor(token schema.Secret, now time.Time, life time.Duration) grant {
	return grant{token: token, renewAt: now.Add(max(life-renewAhead, life/5*4)), expires: now.Add(life)}
}

// tokens holds the app's one token. Every fetch ends the platform's older
// tokens, so one caller fetches and the others wait for what it gets.
type tokens struct {
	fetch func(ctx context.Context, spent grant) (grant, error)
	turn  chan struct{} // held by the caller that fetches

	mu       sync.Mutex
	held     grant
	refused  bool  // held was refused by the platform
	accepted bool  // held was accepted by the platform
	fetches  int   // that have ended
	failure  error // of the last fetch; nil if it gave a token
	renewals renewals
}

// renewals bounds the fetches that refused tokens cause: one for every three calls
// that were accepted, and a few so that a short run can begin. Where fewer get
// through, somebody else takes the tokens away, and each fetch takes theirs.
type renewals struct{ accepted, fetched int }

const acceptedForRenewal = 3

func (r *renewals) take() bool {
	if r.fetched >= budgetStart+r.accepted/acceptedForRenewal {
		return false
	}
	r.fetched++
	return true
}

func newTokens(fetch func(ctx context.Context, spent grant) (grant, error)) *tokens {
	return &tokens{fetch: fetch, turn: make(chan struct{}, 1)}
}

// get returns a token to call with; it fetches one where there is none that
// lives, or waits for the caller that is fetching, and shares its failure.
func (t *tokens) get(ctx context.Context) (schema.Secret, error) {
	token, due, fetches := t.look()
	if !due {
		return token, nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return schema.Secret{}, ctx.Err()
	}
	token, due, now := t.look()
	if !due {
		return token, nil
	}
	if now != fetches {
		if err := t.lastFailure(); err != nil {
			return schema.Secret{}, err
		}
	}
	fetched, err := t.fetch(ctx, t.spent())
	if err != nil && ctx.Err() != nil {
		return schema.Secret{}, ctx.Err() // this caller has gone; the next one fetches
	}
	return t.settle(fetched, err)
}

// look returns the held token, whether a new one is due, and how many fetches
// have ended.
func (t *tokens) look() (schema.Secret, bool, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := t.held.token.Empty() || t.refused || !time.Now().Before(t.held.renewAt)
	return t.held.token, due, t.fetches
}

// spent returns the held token, which a new one is to follow.
func (t *tokens) spent() grant {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}

func (t *tokens) lastFailure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failure
}

// settle takes what a fetch gave. If renewing ahead of time failed, the held
// token is good for a while yet.
func (t *tokens) settle(fetched grant, err error) (schema.Secret, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetches, t.failure = t.fetches+1, err
	if err == nil {
		t.held, t.refused, t.accepted = fetched, false, false
		return t.held.token, nil
	}
	if now := time.Now(); !t.held.token.Empty() && !t.refused && now.Before(t.held.expires) {
		t.held.renewAt = now.Add(renewAgain)
		return t.held.token, nil
	}
	return schema.Secret{}, err
}

// newest returns the held token without waiting: a caller that has waited for
// its turn to send takes the token of now, not the one it came with.
func (t *tokens) newest() schema.Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held.token
}

// accept records that the platform took a call with this token.
func (t *tokens) accept(token schema.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held.token == token {
		t.accepted = true
	}
	t.renewals.accepted++
}

// refuse records that the platform refused this token, so that the next get
// fetches another: once, however many calls were refused with it. It returns the
// fault with how far it reaches, or another where renewing again is no use.
func (t *tokens) refuse(token schema.Secret, fault *Error) *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	renewed := t.held.token != token
	if renewed || t.accepted {
		fault.reach = schema.ReachUnit // other calls get through
	}
	if renewed || t.refused {
		return fault
	}
	if !t.renewals.take() {
		stolen := newError(fault.API, giveUpApp, fmt.Sprintf("%d tokens were refused although they were fresh, the last with: %s", t.renewals.fetched, fault.Reason))
		stolen.Code, stolen.SubCode, stolen.LogID, stolen.Hint, stolen.sure = fault.Code, fault.SubCode, fault.LogID, hintStolen, true
		return stolen
	}
	t.refused = true
	return fault
}

// tokenSource returns what the next token comes from: the platform, or the cache
// where processes share one.
func (c *Client) tokenSource() func(ctx context.Context, spent grant) (grant, error) {
	alone := func(ctx context.Context, _ grant) (grant, error) { return c.fetchToken(ctx) }
	if c.cache == nil {
		return alone
	}
	shared, err := newSharedToken(c, c.cache)
	if err != nil {
		c.log.Warn("the token cache cannot be used", "app", c.app.Name, "error", err)
		return alone
	}
	return shared.next
}

// fetchToken makes one call of POST /oauth/client_token/.
func (c *Client) fetchToken(ctx context.Context) (grant, error) {
	form, err := json.Marshal(struct {
		Key    string `json:"client_key"`
		Secret string `json:"client_secret"`
		Type   string `json:"grant_type"`
	}{c.app.ClientKey, c.app.ClientSecret.Reveal(), "client_credential"})
	if err != nil {
		return grant{}, newError(apiToken, giveUpApp, "client_key or client_secret is not valid UTF-8")
	}
	var given grant
	_, err = c.retry(ctx, &c.grants, func(ctx context.Context) (reply, error) {
		req, err := http.NewRequest(http.MethodPost, c.app.BaseURL+pathToken, bytes.NewReader(form))
		if err != nil {
			return reply{}, newError(apiToken, giveUpApp, err.Error())
		}
		if _, err := c.admit(ctx, &c.grants); err != nil {
			return reply{}, err
		}
		got, err := c.send(ctx, &c.grants, req)
		if err != nil {
			return reply{}, err
		}
		given, err = readGrant(got)
		return got, err
	})
	return given, err
}

// readGrant reads the token out of an answer that carries no error.
func readGrant(got reply) (grant, error) {
	var answer struct {
		Data struct {
			Token string  `json:"access_token"`
			Life  integer `json:"expires_in"` // seconds
		} `json:"data"`
	}
	err := json.Unmarshal(got.body, &answer, jsontext.AllowInvalidUTF8(true)) // a token that is not valid cannot be sent
	token, life := answer.Data.Token, int64(answer.Data.Life)
	unsendable := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	switch {
	case err != nil, token == "", strings.ContainsFunc(token, unsendable):
		return grant{}, newError(apiToken, repeatOnce, "the answer has no access_token that a header can carry")
	case life <= 0, life > longestLife:
		return grant{}, newError(apiToken, repeatOnce, fmt.Sprintf("the answer's expires_in of %d is not a token's life in seconds", life))
	}
	return grantFor(schema.NewSecret(token), got.at, time.Duration(life)*time.Second), nil
}
