package schema

import (
	"errors"
	"slices"
)

// Base is what was published of one (day, bucket) before a run's first call. The run may
// replace it, and nothing newer.
type Base struct {
	Day          Day
	Bucket       int
	Manifest     *Manifest // nil if nothing was published
	ManifestETag string
	ETags        map[string]string // by table; empty if there is no object
	Turn         Turn
	TurnETag     string // empty if nobody has taken a turn yet
}

// Turn is the publication of a (day, bucket) that was begun last. A run takes its turn by a
// conditional write before it replaces anything. From then on no run that read its base
// earlier can publish.
type Turn struct {
	WriteID    string   `json:"write_id"`        // of that publication, or of the published manifest if its rows were the same and stay
	Begun      []string `json:"begun,omitempty"` // write ids of earlier publications that were cut before their manifest
	Generation int64    `json:"generation"`      // of that publication
	TakenBy    string   `json:"taken_by"`        // write id of the run that took the turn; makes the content of every turn unique
	Amends     bool     `json:"amends,omitzero"` // all publications that have not ended replace the tables of withdrawals and the exceptions alone
}

// Unfinished returns the write ids of the publications that had begun when the base was read,
// and had not published their manifest. They were cut or are still running: their writes may
// still arrive.
func (b *Base) Unfinished() []string {
	if b.Turn.WriteID == "" || b.Manifest != nil && b.Manifest.WriteID == b.Turn.WriteID {
		return nil
	}
	return append(slices.Clone(b.Turn.Begun), b.Turn.WriteID)
}

// BegunBefore reports whether a publication had begun before the base was read, and so before
// this run's first call. What it writes may be replaced, whenever that arrives.
func (b *Base) BegunBefore(writeID string) bool {
	return writeID != "" && (writeID == b.Turn.WriteID || slices.Contains(b.Turn.Begun, writeID) || b.Manifest != nil && writeID == b.Manifest.WriteID)
}

// Torn reports whether the data are not those of the manifest: a run was cut between them, or
// is running.
func (b *Base) Torn() bool {
	if b.Manifest == nil {
		for _, etag := range b.ETags {
			if etag != "" {
				return true
			}
		}
		return false
	}
	for table, etag := range b.ETags {
		if etag != "" && b.Manifest.Object(table) == nil {
			return true
		}
	}
	return slices.ContainsFunc(b.Manifest.Objects, func(o Object) bool { return b.ETags[o.Table] != o.ETag })
}

// AmendedTables are the tables that are replaced by themselves when a day's withdrawals are
// published.
var AmendedTables = []string{Exceptions.Name, Withdrawals.Name, WithdrawnBills.Name}

// Amendable reports whether the amended tables can be replaced by themselves: the others are
// those of the manifest, and no publication that has begun can still write them.
func (b *Base) Amendable() bool {
	if b.Manifest == nil || len(b.Unfinished()) > 0 && !b.Turn.Amends {
		return false
	}
	kept := func(table string) bool { return !slices.Contains(AmendedTables, table) }
	for table, etag := range b.ETags {
		if kept(table) && etag != "" && b.Manifest.Object(table) == nil {
			return false
		}
	}
	return !slices.ContainsFunc(b.Manifest.Objects, func(o Object) bool { return kept(o.Table) && b.ETags[o.Table] != o.ETag })
}

// Generation returns the published generation, or 0 if nothing is published.
func (b *Base) Generation() int64 {
	if b.Manifest == nil {
		return 0
	}
	return b.Manifest.Generation
}

// Rows returns how many rows of a table are published.
func (b *Base) Rows(table string) int64 {
	if b.Manifest == nil {
		return 0
	}
	if o := b.Manifest.Object(table); o != nil {
		return o.Rows
	}
	return 0
}

// NextGeneration returns the generation of what replaces the base. It is higher than that of
// any publication that was begun before.
func (b *Base) NextGeneration() int64 {
	return max(b.Turn.Generation, b.Generation()) + 1
}

// ErrUnfinished reports that a day cannot be amended, because a publication of it was cut or is
// still running.
var ErrUnfinished = errors.New("a publication of this day was cut, or is still running: run or replay the day")

// ErrSuperseded reports that another run published a day first. Its result stays.
var ErrSuperseded = errors.New("another run has published this day meanwhile")

// ErrDenied reports that the store refuses a request: the credentials are not valid there, or
// do not allow it.
var ErrDenied = errors.New("the store refuses the request")
