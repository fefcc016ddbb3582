// Package sandbox is the simulated platform: an http.Handler that behaves like
// Douyin's client_token, catering_query and query_settle as far as they are known,
// for demos and tests. It is deterministic: the same seed gives the same merchants,
// bills, settlements, faults and logids, and any day can be asked for. It can say
// the [Platform.Truth] of what it serves, and the [Platform.Verdicts] that its
// orders deserve, so that a lake can be compared with it to the fen. It posts the
// settle callbacks of its orders, too, where it is told to ([Platform.Deliver]).
//
// It shares no type and no rule with the client, the normaliser or the
// reconciliation, so that a mistake there cannot hide here. It calls out only to
// deliver callbacks, stores nothing, and its memory does not grow with the number
// of bills.
package sandbox

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"net/http"
	"time"
)

// Platform is the simulated platform. It is safe for concurrent use.
type Platform struct {
	config  Config
	world   *world
	cursors cipher.Block
	victims map[int][]fault // by the configured account's place
	tokens  tokens
	windows map[string]*window // by API
	traffic traffic
	memory  memory
	mux     *http.ServeMux
}

func newCursorCipher(seed uint64) cipher.Block {
	var key [16]byte
	binary.BigEndian.PutUint64(key[:8], dice(seed, 1))
	binary.BigEndian.PutUint64(key[8:], dice(seed, 2))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // a key of 16 bytes is always accepted
	}
	return block
}

// pause waits for d and reports whether the caller is still there.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
