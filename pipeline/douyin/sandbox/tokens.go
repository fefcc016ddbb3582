package sandbox

import (
	"fmt"
	"sync"
	"time"
)

// The rules of client_token.
const (
	tokenLife       = 2 * time.Hour
	tokenGrace      = 5 * time.Minute // life of the previous token after a new one
	tokenCallsLimit = 500             // in tokenCallsWindow
	maxApps         = 64              // client keys; a limit of the sandbox, not of the platform
)

const tokenCallsWindow = 5 * time.Minute

// app is the state of one client key.
type app struct {
	calls  []time.Time // the latest tokenCallsLimit
	live   []token     // at most two, the newest last
	issued int
}

type token struct {
	text    string
	expires time.Time
}

// tokens issues tokens to apps, and checks them.
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
		if len(t.apps) == maxApps {
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

// owner returns the client key of the token. good is false if the token is unknown or
// has expired.
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

// kill expires the token immediately.
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
