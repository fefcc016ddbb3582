package schema

import (
	"errors"
	"time"
)

// State of a unit.
type State string

const (
	Complete    State = "complete"    // all its pages were received
	Unavailable State = "unavailable" // withdrawn manually (手动提现): the platform cannot list its bills
	Failed      State = "failed"      // could not be fetched; rows of an earlier walk stay, if there was one
)

// Certificate is the proof that a unit is complete: the chain of its pages, from cursor "0"
// to the page without a next one. It is stored in the archive after the pages, and copied
// into the manifest.
type Certificate struct {
	Version     int           `json:"version"`
	Account     Account       `json:"account"`
	Day         Day           `json:"bill_date"`
	State       State         `json:"state"`            // complete or unavailable
	Walk        string        `json:"walk,omitempty"`   // the walk from whose answers the tables are built; empty if there is none
	Agreed      []string      `json:"agreed,omitempty"` // the successive walks that found the same bills; Walk is the last of them
	Pages       []Link        `json:"pages,omitempty"`  // of Walk, in order
	End         string        `json:"end,omitempty"`    // what ended Walk
	Rows        int64         `json:"rows"`             // ledger records received, including repeated ones
	Bills       int64         `json:"bills"`            // different records among them
	Digest      string        `json:"digest,omitempty"` // SHA-256 over the sorted hashes of the different records
	FinishedAt  time.Time     `json:"finished_at"`      // when Walk ended
	RunID       string        `json:"run_id,omitempty"` // of the run that walked it
	Confirmed   *Confirmation `json:"confirmed,omitempty"`
	Unavailable *Failure      `json:"unavailable,omitempty"` // the platform's words, for state unavailable
}

// Link is one page of a walk.
type Link struct {
	Cursor string `json:"cursor"`
	Next   string `json:"next,omitempty"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"` // of the answer's body as archived, hex
}

// Confirmation is a later walk that found the same bills. The rows keep the provenance of the
// earlier one, and so their bytes.
type Confirmation struct {
	Walk  string    `json:"walk"`
	At    time.Time `json:"at"`
	RunID string    `json:"run_id,omitempty"`
}

// Unit returns the unit of the certificate.
func (c *Certificate) Unit() Unit { return Unit{Account: c.Account, Day: c.Day} }

// Latest returns the latest walk that found the certificate's bills.
func (c *Certificate) Latest() Confirmation {
	if c.Confirmed != nil {
		return *c.Confirmed
	}
	return Confirmation{c.Walk, c.FinishedAt, c.RunID}
}

// BegunWalk is a walk in the archive that has no certificate yet.
type BegunWalk struct {
	Walk    string
	Batches int
}

// ErrTaken reports that another run wrote an object first: it continues or has ended the same
// walk, or has replaced the same object.
var ErrTaken = errors.New("another run has written it")

// ErrDamaged reports that an archive object cannot be read any more. The unit of a damaged
// certificate can be walked again.
var ErrDamaged = errors.New("it is damaged")
