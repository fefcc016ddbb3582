package schema

import (
	"cmp"
	"errors"
	"strings"
)

// ErrUnhashed reports that an archived object has no hash to compare its bytes with.
var ErrUnhashed = errors.New("no SHA-256 was stored with it: an older billwalk wrote it, or it was changed or copied by hand")

// Finding is one thing that a verification found wrong, or could not prove.
type Finding struct {
	Day    Day    `json:"bill_date,omitzero"` // zero if it concerns the whole lake
	Bucket int    `json:"bucket"`
	Key    string `json:"key"`             // the object that is wrong
	Place  string `json:"place,omitempty"` // in the object: the page, line, row, account or column
	Want   string `json:"want,omitempty"`
	Got    string `json:"got"`
	Fix    string `json:"fix"` // what a person should do
}

// Compare orders findings by day, bucket and object.
func (f Finding) Compare(other Finding) int {
	return cmp.Or(cmp.Compare(f.Day, other.Day), cmp.Compare(f.Bucket, other.Bucket), strings.Compare(f.Key, other.Key))
}

// Series lists the objects in the archive of one walk over a unit's pages, or of one pass over
// its orders.
type Series struct {
	Account     AccountID
	WithdrawID  string   // of a walk over the bills of a withdrawal
	Name        string   // of the walk or the pass
	Batches     []string // keys, in order; "" for a missing one
	Certificate string   // key of the walk's certificate or of the end of the pass; "" if there is none
	Bytes       int64    // of all of them
}

// Objects returns the number of objects.
func (f *Series) Objects() (n int) {
	for _, key := range append(f.Batches, f.Certificate) {
		if key != "" {
			n++
		}
	}
	return n
}
