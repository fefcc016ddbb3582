// Package month simulates a platform that changes from night to night: bills of
// closed days are added, changed, removed and moved between the walks of a root
// account and of its store; settlements come late, in parts, twice, or fail and are
// paid afterwards; an account or a parameter of the settle query is refused for a
// night. It answers as of the night that its clock says, and knows what a lake must
// hold after each night ([Truth]).
//
// Everything follows from the seed. It shares no type and no rule with the client,
// the normaliser or the reconciliation.
package month

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"billwalk/schema"
)

// Config describes one simulated stretch of nights.
type Config struct {
	Seed     uint64
	First    schema.Day // the first day with bills
	Nights   int        // days with bills, each of them looked at first in the night after it
	Lookback int        // of the job: most of what happens to a day happens within it
	Orders   int        // per merchant and day, 3 when 0
	Eventful int        // of a thousand orders, those to which something happens; all when 0. The others are settled whole when they are looked at first, and no night refuses anything
	AppID    string     // that callbacks name
	Now      func() time.Time
}

// A night is counted from 0, the one in which the first day is looked at first.

// Tonight returns the night that was chosen, else that of the clock.
func (p *Platform) Tonight() int {
	if chosen := p.chosen.Load(); chosen > 0 {
		return int(chosen) - 1
	}
	return int(schema.DayOf(p.config.Now())-p.config.First) - 1
}

// Choose sets the night, whatever the clock says.
func (p *Platform) Choose(night int) { p.chosen.Store(int64(night) + 1) }

// firstNight is the night in which the day is looked at first.
func (p *Platform) firstNight(day schema.Day) int { return int(day - p.config.First) }

// merchant is who has orders: a brand with its stores, or an account by itself.
type merchant struct {
	payees []schema.AccountID // the head office first
	rule   string             // the parameter of the settle query that finds its orders
}

// bill is one ledger record over the nights.
type bill struct {
	order    *order
	payee    schema.AccountID
	day      schema.Day
	ledger   string
	refund   bool
	versions []billVersion // by night
}

// billVersion is a bill from a night on.
type billVersion struct {
	night     int
	legs      legs
	root, own bool // the walks that find it: that of its root account, and that of its payee
}

// legs are total, fee, commission and net, in fen: the total is the sum of the others.
type legs [4]int64

func (l legs) add(m legs, sign int64) legs {
	for i := range l {
		l[i] += sign * m[i]
	}
	return l
}

// settlement is one share-out of an order over the nights.
type settlement struct {
	order    *order
	id       string
	versions []settleVersion // by night
}

type settleVersion struct {
	night  int
	status string
	legs   legs
	time   time.Time // zero for none
}

// order is what is shared out together.
type order struct {
	merchant    *merchant
	key, ext    string // shop_order_id, and order_ext_id or ""
	bills       []*bill
	settlements []*settlement
	story       string // for messages
}

// refusal is what a night does not answer: the bills of an account, and queries by
// a parameter. Either may be "".
type refusal struct {
	account   schema.AccountID
	parameter string
}

// Platform is the simulated platform. It is safe for concurrent use.
type Platform struct {
	config    Config
	merchants []*merchant
	orders    []*order
	byKey     map[string]*order      // by either id
	settled   map[string]*settlement // by either id
	bills     map[schema.Day][]*bill
	refused   []refusal // by night
	mux       *http.ServeMux
	chosen    atomic.Int64 // one more than the night, 0 for that of the clock

	mu       sync.Mutex
	answered map[string]map[string][]int // by order and parameter: the nights of answers
	asked    map[int]map[string]bool     // by night: the orders that were asked for
}

// Accounts returns what a job should configure: a brand by its root account, one of
// its stores beside it, and two accounts by themselves.
func (p *Platform) Accounts() []schema.Account {
	brand := p.merchants[0].payees
	return []schema.Account{
		{ID: brand[0], Root: true, Name: "品牌"}, {ID: brand[1], Name: "品牌一店"},
		{ID: p.merchants[1].payees[0], Name: "单店"}, {ID: p.merchants[2].payees[0], Name: "另一单店"},
	}
}

// New builds a platform. Nothing is listening yet: it is an http.Handler.
func New(config Config) *Platform {
	if config.Orders == 0 {
		config.Orders = 3
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	p := &Platform{
		config: config, byKey: map[string]*order{}, settled: map[string]*settlement{}, bills: map[schema.Day][]*bill{},
		answered: map[string]map[string][]int{}, asked: map[int]map[string]bool{},
	}
	w := &writer{Platform: p, Rand: rand.New(rand.NewPCG(config.Seed, uint64(config.Lookback)))}
	w.plan()
	p.mux = p.routes()
	return p
}

// ServeHTTP serves the three APIs.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// at returns the bill as it is in a night, and whether it is there.
func (b *bill) at(night int) (v billVersion, ok bool) {
	for _, w := range b.versions {
		if w.night <= night {
			v = w
		}
	}
	return v, v.root || v.own
}

// at returns the settlement as it is in a night, and whether it is there.
func (s *settlement) at(night int) (v settleVersion, ok bool) {
	for _, w := range s.versions {
		if w.night <= night {
			v, ok = w, true
		}
	}
	return v, ok
}

func (p *Platform) refusal(night int) refusal {
	if night < 0 || night >= len(p.refused) {
		return refusal{}
	}
	return p.refused[night]
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
