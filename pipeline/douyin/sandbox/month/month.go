// Package month simulates a platform that changes from night to night. Bills of closed
// days are added, changed, removed, and moved between the walks of a root account and of
// its store. Settlements are late, partial or repeated, or fail and succeed later. Some
// nights refuse an account, or a parameter of the settle query. The platform answers as
// of the night of its clock, and [Truth] knows what a lake must hold after each run.
//
// Everything follows from the seed. The package shares no type and no rule with the
// client, the normaliser or the reconciliation.
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

// Config describes a simulated range of nights. Night 0 is the one after the first day.
type Config struct {
	Seed     uint64
	First    schema.Day // the first day with bills
	Nights   int        // days with bills, each of which is first fetched in the night after it
	Lookback int        // of the job; most changes of a day happen within it
	Orders   int        // per merchant and day, 3 when 0
	Eventful int        // orders of a thousand that change, all when 0; the others are settled in whole from the first night, and no night refuses anything
	AppID    string     // the mini-program of callbacks
	Now      func() time.Time
}

// Tonight returns the night that was set, else that of the clock.
func (p *Platform) Tonight() int {
	if chosen := p.chosenNight.Load(); chosen > 0 {
		return int(chosen) - 1
	}
	return int(schema.DayOf(p.config.Now())-p.config.First) - 1
}

// SetNight sets the night, regardless of the clock.
func (p *Platform) SetNight(night int) { p.chosenNight.Store(int64(night) + 1) }

// firstNight returns the night in which the day is first fetched.
func (p *Platform) firstNight(day schema.Day) int { return int(day - p.config.First) }

// merchant is a brand with its stores, or a single account.
type merchant struct {
	payees    []schema.AccountID // the head office first
	parameter string             // the parameter of the settle query that finds its orders
}

// bill is one ledger record with its versions.
type bill struct {
	order    *order
	payee    schema.AccountID
	day      schema.Day
	ledger   string
	refund   bool
	versions []billVersion // by night
}

// billVersion is the state of a bill from a night on.
type billVersion struct {
	night     int
	legs      legs
	root, own bool // whether the walk of its root account, and that of its payee, find it
}

// legs are total, fee, commission and net in fen. The total is the sum of the others.
type legs [4]int64

func (l legs) add(m legs, sign int64) legs {
	for i := range l {
		l[i] += sign * m[i]
	}
	return l
}

// settlement is one settlement of an order with its versions.
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

// order is an order with its bills and settlements.
type order struct {
	merchant    *merchant
	key, ext    string // shop_order_id, and order_ext_id or ""
	bills       []*bill
	settlements []*settlement
	story       string // for messages
}

// refusal is what the platform refuses in a night: the bills of an account, and queries
// by a parameter. Either may be "".
type refusal struct {
	account   schema.AccountID
	parameter string
}

// Platform is the simulated platform. It is safe for concurrent use.
type Platform struct {
	config          Config
	merchants       []*merchant
	orders          []*order
	byKey           map[string]*order      // by either id
	settlementsByID map[string]*settlement // by either id
	bills           map[schema.Day][]*bill
	refusals        []refusal // by night
	mux             *http.ServeMux
	chosenNight     atomic.Int64 // the night plus one; 0 for that of the clock

	mu       sync.Mutex
	answered map[string]map[string][]int // nights of answers, by order and parameter
	queried  map[int]map[string]bool     // queried orders, by night
}

// Accounts returns the accounts that a job should configure: a brand by its root
// account, one of its stores, and two single accounts.
func (p *Platform) Accounts() []schema.Account {
	brand := p.merchants[0].payees
	return []schema.Account{
		{ID: brand[0], Root: true, Name: "品牌"}, {ID: brand[1], Name: "品牌一店"},
		{ID: p.merchants[1].payees[0], Name: "单店"}, {ID: p.merchants[2].payees[0], Name: "另一单店"},
	}
}

// New returns a platform. It is an http.Handler, and listens to nothing by itself.
func New(config Config) *Platform {
	if config.Orders == 0 {
		config.Orders = 3
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	p := &Platform{
		config: config, byKey: map[string]*order{}, settlementsByID: map[string]*settlement{}, bills: map[schema.Day][]*bill{},
		answered: map[string]map[string][]int{}, queried: map[int]map[string]bool{},
	}
	w := &planner{Platform: p, Rand: rand.New(rand.NewPCG(config.Seed, uint64(config.Lookback)))}
	w.plan()
	p.mux = p.routes()
	return p
}

// ServeHTTP serves the three APIs.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// at returns the bill's version in a night. ok is false if no walk finds it.
func (b *bill) at(night int) (v billVersion, ok bool) {
	for _, w := range b.versions {
		if w.night <= night {
			v = w
		}
	}
	return v, v.root || v.own
}

// at returns the settlement's version in a night. ok is false before the first.
func (s *settlement) at(night int) (v settleVersion, ok bool) {
	for _, w := range s.versions {
		if w.night <= night {
			v, ok = w, true
		}
	}
	return v, ok
}

func (p *Platform) refusal(night int) refusal {
	if night < 0 || night >= len(p.refusals) {
		return refusal{}
	}
	return p.refusals[night]
}

func formatID(n uint64) string { return strconv.FormatUint(n, 10) }
