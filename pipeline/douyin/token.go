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
	renewAhead   = 5 * time.Minute    // before a token expires
	renewAgain   = 30 * time.Second   // after renewing ahead failed and the token still lives
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
		return schema.Secret{}, ctx.Err() // this caller has gone; the next one fetches
	}
	return t.store(fetched, err)
}

// current returns the held token, whether a new one is due, and how many fetches
// have ended.
func (t *tokens) current() (schema.Secret, bool, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := t.held.token.Empty() || t.refused || !time.Now().Before(t.held.renewAt)
	return t.held.token, due, t.fetches
}

// lastGrant returns the held token, which a new one is to follow.
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

// store takes what a fetch gave. If renewing ahead of time failed, the held
// token is good for a while yet.
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

// reject records that the platform refused this token, so that the next get
// fetches another: once, however many calls were refused with it. It returns the
// fault with how far it reaches, or another where renewing again is no use.
func (t *tokens) reject(token schema.Secret, fault *Error) *Error {
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
		stolen.Code, stolen.SubCode, stolen.LogID, stolen.Hint, stolen.certain = fault.Code, fault.SubCode, fault.LogID, hintStolen, true
		return stolen
	}
	t.refused = true
	return fault
}
