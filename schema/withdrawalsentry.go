package schema

import "time"

// WithdrawalsEntry is what a manifest's files contain of the withdrawals that were launched on
// its day. It is published with the tables withdrawals and withdrawn_bills, and stays when the
// day's bills are published again.
type WithdrawalsEntry struct {
	RunID       string                    `json:"run_id"`
	PublishedAt time.Time                 `json:"published_at"`
	Payees      []PayeeEntry              `json:"payees"`
	Bills       []BillsRead               `json:"bills"`    // the published days in which their bills were looked up
	Verdicts    map[WithdrawVerdict]int64 `json:"verdicts"` // rows of the table withdrawals, by verdict
}

// PayeeEntry is what is known of the withdrawals that one account launched on the day.
type PayeeEntry struct {
	Account     Account        `json:"account"`         // that is paid
	WalkAccount AccountID      `json:"walk_account_id"` // the configured account whose bills it has
	Certificate *Certificate   `json:"certificate,omitempty"`
	Bills       []BillsOfEntry `json:"bills,omitempty"`
	Open        int64          `json:"open"`     // withdrawals that are not final: they are asked for again
	Unbilled    int64          `json:"unbilled"` // bills of them that no published day has
	Failure     *Failure       `json:"failure,omitempty"`
}

// BillsOfEntry is the proof that the list of one withdrawal's bills is whole.
type BillsOfEntry struct {
	WithdrawID  string       `json:"withdraw_id"`
	Certificate *Certificate `json:"certificate"`
}

// BillsRead is a day whose published bills were read.
type BillsRead struct {
	Day        Day    `json:"bill_date"`
	RowsSHA256 string `json:"rows_sha256,omitempty"` // of the table bills; empty where nothing was published
}

// Payee returns the entry of a payee, or nil.
func (w *WithdrawalsEntry) Payee(id AccountID) *PayeeEntry {
	if w == nil {
		return nil
	}
	for i := range w.Payees {
		if w.Payees[i].Account.ID == id {
			return &w.Payees[i]
		}
	}
	return nil
}

// Final reports whether the platform need not be asked again: the list is whole, was fetched
// after the day had ended, and all of its withdrawals are final.
func (p *PayeeEntry) Final() bool {
	return p != nil && p.Certificate != nil && p.Failure == nil && p.Open == 0 && !p.Certificate.Latest().At.Before((p.Certificate.Day + 1).Start())
}
