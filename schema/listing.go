package schema

import "time"

// Listing is the proof that a list other than bills is complete, such as the stores of an
// account: every page was received, and they have as many entries as the platform says that
// there are. It is stored in the archive after the pages, and copied into the manifest.
type Listing struct {
	Version    int       `json:"version"`
	Account    Account   `json:"account"`
	Day        Day       `json:"bill_date"`
	Walk       string    `json:"walk"`  // the pass over the pages
	Pages      []Link    `json:"pages"` // in order; the cursor is the page's number
	Rows       int64     `json:"rows"`  // entries received: the total that the platform states
	FinishedAt time.Time `json:"finished_at"`
	RunID      string    `json:"run_id,omitempty"`
}

// Unit returns the account and day of the listing.
func (l *Listing) Unit() Unit { return Unit{Account: l.Account, Day: l.Day} }
