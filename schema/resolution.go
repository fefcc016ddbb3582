package schema

import "time"

// Resolution is a difference that a person has settled by hand: a row of resolutions, which
// is only appended to. The last one of an account's order counts, as long as the order's
// amounts are those that it was about.
type Resolution struct {
	WalkAccountID AccountID `json:"walk_account_id"`
	Order         string    `json:"order_key"`      // as Reconciliation.Order
	Reason        string    `json:"reason"`         // in the person's words
	By            string    `json:"resolved_by"`    // who
	At            time.Time `json:"resolved_at"`    // when, in UTC
	Job           string    `json:"job"`            // whose accounts it is about
	DiffTotal     *Fen      `json:"diff_total_fen"` // settled - billed of the order then; NULL if it could not be compared
	Amounts       string    `json:"amounts"`        // OrderAmounts.Fingerprint of then
}

// ResolutionKey names what a resolution is about.
type ResolutionKey struct {
	WalkAccountID AccountID
	Order         string
}

// Key returns what the resolution is about.
func (r *Resolution) Key() ResolutionKey { return ResolutionKey{r.WalkAccountID, r.Order} }

// Holds reports whether the order is resolved still: its amounts are those of then. Else it
// is open again.
func (r *Resolution) Holds(now *OrderAmounts) bool { return r.Amounts == now.Fingerprint() }

// Closing records that a person has closed a day of a job (结账): a row of closings, which is
// only appended to, and of which the last one of a day counts.
type Closing struct {
	Day        Day       `json:"bill_date"`
	Job        string    `json:"job"`
	By         string    `json:"closed_by"`
	At         time.Time `json:"closed_at"`  // in UTC
	Generation int64     `json:"generation"` // the highest of the day's manifests then
}

// Changed reports whether the day was published again since it was closed, with other rows
// (结账后变更).
func (c *Closing) Changed(publishedAt time.Time) bool { return publishedAt.After(c.At) }
