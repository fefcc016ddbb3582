// Package sandbox simulates the platform for demos and tests: an http.Handler that
// behaves like Douyin's client_token, catering_query, query_settle and shop/poi/query,
// as far as they are known. The same seed gives the same merchants, bills, settlements,
// faults and logids, for any day. [Platform.Deliver] posts the orders' settle
// callbacks.
//
// What it serves can be checked to the fen: [Platform.Truth] returns the bills that
// a lake must hold, [Platform.SettlementTruth] the settlements, and
// [Platform.Verdicts] the result of a correct reconciliation.
//
// It shares no type and no rule with the client, the normaliser or the
// reconciliation, so that a mistake there cannot hide here. It makes no request
// except to deliver callbacks, stores nothing, and its memory does not grow with
// the number of bills.
//
// The files form layers, from the merchants to what a lake must hold:
//
//	world, blocks, ledger, bill, plant    merchants and their bills, each computed from its place
//	order, story, sharing, settlement     orders, and how each one is settled
//	fault, injection                      which call or account meets which fault
//	call, bills, page, settle, token      the APIs of bills, settlements and tokens
//	payout, breakplan, withdrawal         which bills are withdrawn together, and how that goes
//	withdrawnbill, withdrawals, withdrawnbills    the lists of bills of withdrawals, and their API
//	withdrawaltruth, balance              the withdrawals of a correct run, and its roll-forward
//	poi, stores                           stores, and their API
//	callback, stray, delivery, post       settle callbacks
//	truth, settlementtruth, verdict       the bills, settlements and verdicts of a correct run
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
	lasting map[int][]fault // the lasting faults, by the configured account's index
	tokens  tokens
	windows map[string]*window // by API
	traffic traffic
	counts  queryCounts
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

// pause waits for d. It reports false if ctx ends first.
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
