package stop

import (
	"log/slog"
	"sync"

	"billwalk/schema"
)

// Halt stops the calls that a failure makes pointless: those for its account, or all
// calls of the app. It is safe for concurrent use.
type Halt struct {
	log *slog.Logger

	mu       sync.Mutex
	all      *schema.Failure      // stops all calls
	affected map[schema.Unit]bool // units that all has stopped
	accounts map[schema.AccountID]schema.Failure
}

// NewHalt returns a Halt that stops nothing yet.
func NewHalt(log *slog.Logger) *Halt { return &Halt{log: log} }

// Record takes a failure, and reports whether it stops all calls. Of those failures
// it logs the first.
func (h *Halt) Record(f schema.Failure) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Reach {
	case schema.ReachApp, schema.ReachToday:
		if h.all == nil {
			h.all, h.affected = &f, make(map[schema.Unit]bool)
			h.log.Warn("no further calls are made", "error_code", f.Code, "sub_code", f.SubCode, "logid", f.LogID, "reason", f.Reason, "hint", f.Advice().Both())
		}
		h.affected[schema.Unit{Account: schema.Account{ID: f.Account}, Day: f.Day}] = true
		return true
	case schema.ReachAccount:
		if h.accounts == nil {
			h.accounts = make(map[schema.AccountID]schema.Failure)
		}
		h.accounts[f.Account] = f
	}
	return false
}

// Failure returns the failure that stops the unit's calls, as a failure of the unit.
func (h *Halt) Failure(u schema.Unit) (f schema.Failure, stopped bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, stopped = h.accounts[u.Account.ID]
	if h.all != nil {
		f, stopped = *h.all, true
		h.affected[schema.Unit{Account: schema.Account{ID: u.Account.ID}, Day: u.Day}] = true
	}
	f.Account, f.Day = u.Account.ID, u.Day
	return f, stopped
}

// LogAffected logs how many accounts and units a failure has stopped that stops all
// calls, if there was one.
func (h *Halt) LogAffected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		return
	}
	accounts := make(map[schema.AccountID]bool)
	for u := range h.affected {
		accounts[u.Account.ID] = true
	}
	h.log.Warn("calls were not made", "accounts", len(accounts), "units", len(h.affected), "error_code", h.all.Code, "reason", h.all.Reason)
}
