package douyin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"billwalk/pipeline/mend"
	"billwalk/schema"
)

const pathToken = "/oauth/client_token/"

// tokenSource returns the function that gets the next token: from the platform, or
// through the cache if processes share it.
func (c *Client) tokenSource() func(ctx context.Context, spent grant) (grant, error) {
	alone := func(ctx context.Context, _ grant) (grant, error) { return c.fetchToken(ctx) }
	if c.cache == nil {
		return alone
	}
	shared, err := newSharedToken(c.app, c.cache, c.fetchToken, c.jitter, c.log)
	if err != nil {
		c.log.Warn("the token cache cannot be used", "app", c.app.Name, "error", err)
		return alone
	}
	return shared.next
}

// fetchToken fetches a token by POST /oauth/client_token/.
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
	_, err = c.retry(ctx, &c.tokenCalls, func(ctx context.Context) (reply, error) {
		req, err := http.NewRequest(http.MethodPost, c.app.BaseURL+pathToken, bytes.NewReader(form))
		if err != nil {
			return reply{}, newError(apiToken, giveUpApp, err.Error())
		}
		if _, err := c.admit(ctx, &c.tokenCalls); err != nil {
			return reply{}, err
		}
		got, err := c.send(ctx, &c.tokenCalls, nil, req, nil)
		if err != nil {
			return reply{}, err
		}
		given, err = readGrant(got)
		return got, err
	})
	return given, err
}

// readGrant returns the token of an answer without an error.
func readGrant(got reply) (grant, error) {
	var answer struct {
		Data struct {
			Token string       `json:"access_token"`
			Life  mend.Integer `json:"expires_in"` // seconds
		} `json:"data"`
	}
	err := json.Unmarshal(got.body, &answer, jsontext.AllowInvalidUTF8(true)) // an invalid token is refused below
	token, life := answer.Data.Token, int64(answer.Data.Life)
	unsendable := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	switch {
	case err != nil, token == "", strings.ContainsFunc(token, unsendable):
		return grant{}, newError(apiToken, repeatOnce, "the answer has no access_token that a header can carry")
	case life <= 0, life > maxTokenLife:
		return grant{}, newError(apiToken, repeatOnce, fmt.Sprintf("the answer's expires_in of %d is not a token's life in seconds", life))
	}
	return grantFor(schema.NewSecret(token), got.at, time.Duration(life)*time.Second), nil
}
