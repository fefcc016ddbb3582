package douyin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"billwalk/schema"
)

const (
	maxTokenLife = 366 * 24 * 60 * 60 // seconds; a longer expires_in is a mistake
	renewAhead   = 5 * time.Minute    // how long before its end a token is renewed
	renewAgain   = 30 * time.Second   // pause after a failed renewal of a valid token
)

// grant is a token of client_token.
type grant struct {
	token   schema.Secret
	serial  int64     // grows with each token, if processes share them
	renewAt time.Time // when to fetch the next one, while this one is still valid
	expires time.Time
}

// grantFor returns the grant of a token with that life from now. Tokens that live less
// than 25 minutes are renewed at 80 % of their life.
func grantFor(token schema.Secret, now time.Time, life time.Duration) grant {
	return grant{token: token, renewAt: now.Add(max(life-renewAhead, life/5*4)), expires: now.Add(life)}
}

// tokens holds the app's token. As every new token ends the older ones, one caller
// fetches it and the others wait for the result.
type tokens struct {
	fetch func(ctx context.Context, spent grant) (grant, error)
	turn  chan struct{} // held by the caller that fetches

	mu       sync.Mutex
	held     grant
	refused  bool  // the platform refused held
	accepted bool  // the platform accepted held
	fetches  int   // finished fetches
	failure  error // of the last fetch; nil if it succeeded
	renewals renewals
}

// renewals limits the fetches after refused tokens: one for every three accepted calls,
// and a few at the beginning. If fewer calls succeed, another program ends our tokens by
// fetching its own, and each fetch ends its token.
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

// get returns a valid token. If there is none it fetches one, or waits for the caller
// that is fetching, and shares its error.
func (t *tokens) get(ctx context.Context) (schema.Secret, error) {
	token, due, fetches := t.current()
	if !due {
		return token, nil
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return schema.Secret{}, ctx.Err()
	}
	token, due, now := t.current()
	if !due {
		return token, nil
	}
	if now != fetches {
		if err := t.lastFailure(); err != nil {
			return schema.Secret{}, err
		}
	}
	fetched, err := t.fetch(ctx, t.lastGrant())
	if err != nil && ctx.Err() != nil {
		return schema.Secret{}, ctx.Err() // the next caller fetches
	}
	return t.store(fetched, err)
}

// current returns the held token, whether a new one is due, and the number of finished
// fetches.
func (t *tokens) current() (schema.Secret, bool, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := t.held.token.Empty() || t.refused || !time.Now().Before(t.held.renewAt)
	return t.held.token, due, t.fetches
}

// lastGrant returns the held token, which a new one replaces.
func (t *tokens) lastGrant() grant {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}

func (t *tokens) lastFailure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failure
}

// store takes the result of a fetch. If renewing ahead has failed, the held token is
// still valid for a while.
func (t *tokens) store(fetched grant, err error) (schema.Secret, error) {
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

// newest returns the held token without waiting. A caller that has waited for its slot
// sends this one, as the token that it had before may be outdated.
func (t *tokens) newest() schema.Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held.token
}

// accept records that the platform accepted this token.
func (t *tokens) accept(token schema.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held.token == token {
		t.accepted = true
	}
	t.renewals.accepted++
}

// reject records that the platform refused this token, so that the next get fetches
// another, once for all calls that were refused with it. It returns the fault with its
// reach, or another one if a further token would be useless.
func (t *tokens) reject(token schema.Secret, fault *Error) *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	renewed := t.held.token != token
	if renewed || t.accepted {
		fault.reach = schema.ReachUnit // other calls succeed
	}
	if renewed || t.refused {
		return fault
	}
	if !t.renewals.take() {
		stolen := newError(fault.API, giveUpApp, fmt.Sprintf("%d tokens were refused although they were fresh, the last with: %s", t.renewals.fetched, fault.Reason))
		stolen.Code, stolen.SubCode, stolen.LogID, stolen.Hint, stolen.certain = fault.Code, fault.SubCode, fault.LogID, hintStolen, true
		return stolen
	}
	t.refused = true
	return fault
}
