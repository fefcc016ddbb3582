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

	"billwalk/schema"
)

// Config describes one simulated platform. The zero value has 12
// accounts, about 200 bills each a day, a few planted troubles, no limit.
type Config struct {
	Seed     uint64
	Accounts int  // configured accounts, 12 when 0, at most 10,000
	Bills    int  // mean bills per account and day, 200 when 0; a day varies by a fifth around it
	Healthy  bool // no unauthorised account, no unavailable unit, no planted exception

	ClientKey    string
	ClientSecret schema.Secret // empty: any credentials are accepted
	TradeKey     string        // of the app that the settle query is for, and the app_id of its callbacks; of the seed when empty
	TradeSecret  schema.Secret // empty: whoever may list bills may also ask for settlements

	QPS      int           // bill calls accepted in any second, 0 for no limit
	TradeQPS int           // settle queries, likewise
	Latency  time.Duration // added to every API answer
	Stall    time.Duration // how long the fault "slow" stalls, 35 s when 0
	Faults   Faults        // from [ParseFaults]
	Passing  int           // percent of the calls that a passing fault strikes, each once; 5 when 0. Their bounds grow with it

	Strays        int // orders per merchant and week that callbacks tell and no bill explains, 5 when 0, none when negative
	LostCallbacks int // percent of the orders whose callbacks never come
	LateCallbacks int // percent of the others whose callbacks come on a later day

	Now func() time.Time // the clock of tokens, limits, arrivals and late settlements; time.Now when nil
}

// Demo is the platform of `billwalk demo`.
func Demo() Config { return Config{Seed: 1, Accounts: 12, Bills: 120} }

func (c Config) withDefaults() Config {
	if c.Accounts <= 0 {
		c.Accounts = 12
	}
	if c.Bills <= 0 {
		c.Bills = 200
	}
	if c.Passing <= 0 {
		c.Passing = usualPassing
	}
	if c.Stall <= 0 {
		c.Stall = 35 * time.Second
	}
	if c.Strays == 0 {
		c.Strays = 5
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Accounts = min(c.Accounts, mostAccounts)
	c.Bills = min(c.Bills, mostBills)
	return c
}

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

// New builds a platform. Nothing is listening yet: it is an http.Handler.
func New(config Config) *Platform {
	config = config.withDefaults()
	p := &Platform{
		config:  config,
		world:   newWorld(config),
		cursors: newCursorCipher(config.Seed),
		tokens:  tokens{seed: config.Seed, apps: map[string]*app{}},
		windows: map[string]*window{BillsAPI: newWindow(config.QPS), SettleAPI: newWindow(config.TradeQPS)},
		traffic: newTraffic(),
		memory:  newMemory(),
	}
	p.victims = chooseVictims(p.world, config.Faults)
	p.mux = p.routes()
	return p
}

// ServeHTTP serves the three APIs and the sandbox's own pages; see the index at /.
// The faults "cut" and "reset" panic with http.ErrAbortHandler, as a handler
// must to break a connection; a caller without a server recovers it.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", p.config.Now().UTC().Format(http.TimeFormat))
	p.mux.ServeHTTP(w, r)
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
