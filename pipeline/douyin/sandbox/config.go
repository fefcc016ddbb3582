package sandbox

import (
	"time"

	"billwalk/schema"
)

// Config describes one simulated platform. The zero value has 12 accounts with
// about 200 bills each a day, a few planted exceptions, and no rate limit.
type Config struct {
	Seed     uint64
	Accounts int  // configured accounts, 12 when 0, at most 10,000
	Bills    int  // mean bills per account and day, 200 when 0; a day varies by a fifth around it
	Unequal  bool // the means of the accounts differ: the largest of 200 has 50 times as many bills as the smallest
	Healthy  bool // without unauthorised accounts, unavailable units and planted exceptions

	ClientKey    string
	ClientSecret schema.Secret // empty: any credentials are accepted
	TradeKey     string        // client key of the settle query's app, and app_id of its callbacks; derived from the seed when empty
	TradeSecret  schema.Secret // empty: an app that may list bills may also query settlements

	QPS      int           // calls of each API of the life app accepted in any second, 0 for no limit
	TradeQPS int           // settle queries, likewise
	Latency  time.Duration // added to every API answer
	Stall    time.Duration // how long the fault "slow" stalls, 35 s when 0
	Faults   Faults        // from [ParseFaults]
	Passing  int           // percent of the calls that meet a passing fault, each once; 5 when 0. The faults' limits grow with it

	Strays        int // orders per merchant and week that have callbacks but no bill, 5 when 0, none when negative
	LostCallbacks int // percent of the orders whose callbacks are never sent
	LateCallbacks int // percent of the other orders whose callbacks are sent on a later day

	Withdrawals bool   // there are withdrawals; without it their list is always empty
	Breaks      Breaks // planted in withdrawals, from [ParseBreaks]

	Now func() time.Time // the clock of tokens, limits, requests and late settlements; time.Now when nil
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
		c.Passing = defaultPassing
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
	c.Accounts = min(c.Accounts, maxAccounts)
	c.Bills = min(c.Bills, maxBills)
	return c
}
