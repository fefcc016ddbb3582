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

// ResolutionState says what a resolution is worth by the amounts of now.
type ResolutionState string

const (
	Resolved ResolutionState = "resolved" // the order's amounts are those that it was about
	Reopened ResolutionState = "reopened" // they are others, and a group of the order is open
	Cleared  ResolutionState = "cleared"  // no group of the order is open any more
)

// State returns what the resolution is worth; nil stands for an order without groups. This is
// the rule of the view resolution_states.
func (r *Resolution) State(now *OrderAmounts) ResolutionState {
	switch {
	case now == nil || !now.Open:
		return Cleared
	case r.Amounts == now.Fingerprint():
		return Resolved
	}
	return Reopened
}

// ResolutionNow is the resolution of an order that counts, and what it is worth.
type ResolutionNow struct {
	Resolution
	State ResolutionState
}

// LatestResolutions returns the resolution of each order that counts: the latest, and of those
// of one time the last. The rows are as they were appended.
func LatestResolutions(rows []Resolution) map[ResolutionKey]Resolution {
	latest := make(map[ResolutionKey]Resolution)
	for _, row := range rows {
		if known, ok := latest[row.Key()]; !ok || !row.At.Before(known.At) {
			latest[row.Key()] = row
		}
	}
	return latest
}

// Closing records that a person has closed a day of a job (结账): a row of closings, which is
// only appended to, and of which the last one of a day counts.
type Closing struct {
	Day        Day       `json:"bill_date"`
	Job        string    `json:"job"`
	By         string    `json:"closed_by"`
	At         time.Time `json:"closed_at"`  // in UTC
	Generation int64     `json:"generation"` // the highest of the day's manifests then
}

// Changed reports whether something of that time came after the day was closed (结账后变更).
func (c *Closing) Changed(at time.Time) bool { return at.After(c.At) }

// LatestClosings returns the closing of each day of a job that counts: the latest, and of
// those of one time the last. The rows are as they were appended.
func LatestClosings(rows []Closing, job string) map[Day]Closing {
	latest := make(map[Day]Closing)
	for _, row := range rows {
		if known, ok := latest[row.Day]; row.Job == job && (!ok || !row.At.Before(known.At)) {
			latest[row.Day] = row
		}
	}
	return latest
}
