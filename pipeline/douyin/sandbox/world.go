package sandbox

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"sync"

	"billwalk/schema"
)

const (
	maxAccounts = 10_000
	maxBills    = 800_000 // a slot has six digits in an id, and a day may have a fifth more than the mean
	maxPayees   = 8       // of one merchant
)

// merchant is one configured account: a brand whose head office and stores are each
// paid, or a single account.
type merchant struct {
	index  int
	brand  bool // queried by root_account_id
	name   string
	shape  shape
	bills  int      // a day's mean
	payees []*payee // the head office first
}

// payee is an account that is paid: the account_id of a bill.
type payee struct {
	merchant *merchant
	number   int // unique in the world
	id       schema.AccountID
	name     string
	idle     int // which idle store of its merchant it is, from 1 on; 0 for one with bills. The number is that of the head office
}

// shape says which fields a merchant's bills have.
type shape struct {
	hidden bool // a service provider's view, without the fields hidden since 2024-03-31
	total  bool // with total_commission
	early  bool // as in the documentation's example: without deduction_discount and mall_store_goods
	funds  bool // most rows have fund_amount and fund_amount_type
}

// dozen is the number of kinds of merchants: they repeat, so that any dozen has one
// of each.
const dozen = 12

var shapes = [dozen]shape{
	{total: true, funds: true}, {funds: true}, {hidden: true, total: true, funds: true}, {early: true},
	{funds: true}, {total: true, funds: true}, {hidden: true}, {total: true, funds: true},
	{hidden: true, total: true, funds: true}, {total: true}, {funds: true}, {total: true, funds: true},
}

var storesOfBrand = map[int]int{0: 3, 4: 2, 8: 4} // by the index in the dozen

const (
	closedEveryThirdDay = 5  // empty days
	unauthorised        = 7  // in the first dozen only
	withdrawnByHand     = 10 // 6000001 every third day
	withdrawnNoDetail   = 11 // 6000002 every third day
)

type world struct {
	seed      uint64
	app       string // the mini-program's id
	healthy   bool
	faults    Faults
	merchants []*merchant
	payees    map[schema.AccountID]*payee
	withdraws bool
	breaks    Breaks
	sums      sync.Map // figures, by payout
}

func newWorld(c Config) *world {
	w := &world{seed: c.Seed, app: c.TradeKey, healthy: c.Healthy, faults: c.Faults, withdraws: c.Withdrawals, breaks: c.Breaks, payees: map[schema.AccountID]*payee{}}
	means := meanBills(c)
	for i := range c.Accounts {
		stores := storesOfBrand[i%dozen]
		m := &merchant{index: i, bills: means[i], brand: stores > 0, shape: shapes[i%dozen], name: merchantName(c.Seed, i)}
		for j := range stores + 1 {
			p := &payee{merchant: m, number: i*maxPayees + j, name: m.name}
			if j > 0 {
				p.name += storeNames[j]
			}
			p.id = schema.AccountID(makeID(w.seed, idAccount, p.number, 0, 0))
			m.payees = append(m.payees, p)
			w.payees[p.id] = p
		}
		w.addIdleStores(m)
		w.merchants = append(w.merchants, m)
	}
	return w
}

// meanBills returns each merchant's mean of bills a day. Those of unequal ones fall with
// their rank, to the power of 3/4; the ranks are drawn.
func meanBills(c Config) []int {
	means := make([]int, c.Accounts)
	if !c.Unequal {
		for i := range means {
			means[i] = c.Bills
		}
		return means
	}
	ranked := make([]int, c.Accounts)
	sum := 0.0
	for i := range ranked {
		ranked[i] = i
		sum += math.Pow(float64(i+1), -0.75)
	}
	slices.SortFunc(ranked, func(a, b int) int {
		return cmp.Compare(dice(c.Seed, word("rank"), uint64(a)), dice(c.Seed, word("rank"), uint64(b)))
	})
	for rank, i := range ranked {
		mean := float64(c.Bills*c.Accounts) * math.Pow(float64(rank+1), -0.75) / sum
		means[i] = min(int(mean), maxBills)
	}
	return means
}

// ordinary reports whether all days of the merchant are available and have bills.
func (w *world) ordinary(m *merchant) bool {
	switch m.index % dozen {
	case closedEveryThirdDay:
		return false
	case unauthorised, withdrawnByHand, withdrawnNoDetail:
		return w.healthy
	}
	return true
}

func third(day schema.Day) int { return ((int(day) % 3) + 3) % 3 }

// count returns how many slots of bills the payee has on the day.
func (w *world) count(payee *payee, day schema.Day) int {
	m := payee.merchant
	if payee.idle > 0 {
		return 0
	}
	if m.index%dozen == closedEveryThirdDay && third(day) == 2 {
		return 0
	}
	mean := (m.bills + payee.number%maxPayees) / len(m.payees)
	percent := 80 + int(dice(w.seed, word("count"), uint64(payee.number), uint64(day))%41)
	return (mean*percent + 50) / 100
}

// accountScope is what a query for an account covers.
type accountScope struct {
	merchant *merchant
	payees   []*payee
	index    int // the merchant's, or -1 if it is configured by another account
}

// scopeOf returns what a query for the account covers: all payees for a brand's
// root, otherwise the account alone. ok is false for an unknown account.
func (w *world) scopeOf(account schema.Account) (accountScope, bool) {
	p, ok := w.payees[account.ID]
	if !ok {
		return accountScope{}, false
	}
	m := p.merchant
	scope := accountScope{merchant: m, payees: []*payee{p}, index: -1}
	if p == m.payees[0] && account.Root == m.brand {
		scope.payees, scope.index = m.payees, m.index
	}
	return scope, true
}

// account returns the account by which a job configures the merchant.
func (m *merchant) account() schema.Account {
	return schema.Account{ID: m.payees[0].id, Root: m.brand, Name: m.name}
}

// appID returns the mini-program of the callbacks: the trade app's client key.
func (w *world) appID() string {
	if w.app != "" {
		return w.app
	}
	return "tt" + strconv.FormatUint(1<<63|dice(w.seed, word("app")), 16)
}

// place identifies a bill: its payee, its day, and its slot of that day.
type place struct {
	payee *payee
	day   schema.Day
	slot  int
}

// dice returns the chance of one property of what is at the place.
func (w *world) dice(at place, what string) uint64 {
	return dice(w.seed, word(what), uint64(at.payee.number), uint64(at.day), uint64(at.slot))
}

// id returns the id of one kind that belongs to the place.
func (w *world) id(at place, kind int) string {
	return makeID(w.seed, kind, at.payee.number, int64(at.day), at.slot)
}
