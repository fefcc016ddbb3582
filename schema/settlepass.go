package schema

import "time"

// SettlePass is the proof that every order of a unit was asked for: it is stored
// in the archive after the answers. Of an order without an answer it is then
// known that there is none, and not that nobody asked.
type SettlePass struct {
	Version    int       `json:"version"`
	Account    Account   `json:"account"`
	Day        Day       `json:"bill_date"`
	Pass       string    `json:"pass"`
	Bills      string    `json:"bills"` // digest of the unit's certificate whose orders were asked for
	Orders     int       `json:"orders"`
	Asked      int64     `json:"asked"` // calls of this pass
	FinishedAt time.Time `json:"finished_at"`
	RunID      string    `json:"run_id,omitempty"` // of the run that asked; empty in those of an older billwalk
}

// Unit returns what the pass was over.
func (p *SettlePass) Unit() Unit { return Unit{Account: p.Account, Day: p.Day} }
