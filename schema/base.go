package schema

import (
	"errors"
	"slices"
)

// Base is what was published of one (day, bucket) before a run's first call:
// what the run may replace, and nothing newer.
type Base struct {
	Day          Day
	Bucket       int
	Manifest     *Manifest // nil where nothing was published
	ManifestETag string
	ETags        map[string]string // by table; empty where there is no object
	Turn         Turn
	TurnETag     string // empty where nobody has taken a turn yet
}

// Turn says which publication of a (day, bucket) was begun last. A run takes its
// turn by a conditional write, before it replaces anything, and has then kept out
// every run that read its base earlier.
type Turn struct {
	WriteID    string   `json:"write_id"`        // of that publication; of the manifest in place, where the rows were the same and stayed
	Begun      []string `json:"begun,omitempty"` // write ids of those before it that were cut before their manifest
	Generation int64    `json:"generation"`      // of that publication
	TakenBy    string   `json:"taken_by"`        // the write id of the run that took the turn: makes every turn another object
}

// Unfinished returns the write ids of publications that had begun when the base
// was read, and had not come to their manifest. They were cut, or go on: writes
// of theirs may still land.
func (b *Base) Unfinished() []string {
	if b.Turn.WriteID == "" || b.Manifest != nil && b.Manifest.WriteID == b.Turn.WriteID {
		return nil
	}
	return append(slices.Clone(b.Turn.Begun), b.Turn.WriteID)
}

// Older says that a publication had begun before the base was read, and so before
// this run's first call: what it writes may be replaced, whenever it lands.
func (b *Base) Older(writeID string) bool {
	return writeID != "" && (writeID == b.Turn.WriteID || slices.Contains(b.Turn.Begun, writeID) || b.Manifest != nil && writeID == b.Manifest.WriteID)
}

// Generation returns the published generation, 0 where nothing is published.
func (b *Base) Generation() int64 {
	if b.Manifest == nil {
		return 0
	}
	return b.Manifest.Generation
}

// Next returns the generation of what replaces the base: higher than that of any
// publication that was begun before.
func (b *Base) Next() int64 {
	return max(b.Turn.Generation, b.Generation()) + 1
}

// ErrSuperseded says that another run published a day first. Its result stands.
var ErrSuperseded = errors.New("another run has published this day meanwhile")

// ErrDenied says that the store refuses a request, whatever is in it: the
// credentials are not valid there, or do not allow it.
var ErrDenied = errors.New("the store refuses the request")
