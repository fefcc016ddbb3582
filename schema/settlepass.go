package schema

import "time"

// SettlePass is the proof that every order of a unit was queried. It is stored in the archive
// after the answers. With it, an order without an answer has no settlement; without it, the
// order may not have been queried.
type SettlePass struct {
	Version    int       `json:"version"`
	Account    Account   `json:"account"`
	Day        Day       `json:"bill_date"`
	Pass       string    `json:"pass"`
	Bills      string    `json:"bills"` // digest of the unit's certificate whose orders were queried
	Orders     int       `json:"orders"`
	Asked      int64     `json:"asked"` // calls of this pass
	FinishedAt time.Time `json:"finished_at"`
	RunID      string    `json:"run_id,omitempty"` // of the run; empty in passes of an older billwalk
}

// Unit returns the unit of the pass.
func (p *SettlePass) Unit() Unit { return Unit{Account: p.Account, Day: p.Day} }
