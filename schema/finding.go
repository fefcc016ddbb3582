package schema

import (
	"cmp"
	"errors"
	"strings"
)

// ErrUnhashed says that nothing tells which bytes an archived object should have.
var ErrUnhashed = errors.New("no SHA-256 was stored with it: an older billwalk wrote it, or it was changed or copied by hand")

// Finding is one thing that a verification could not prove.
type Finding struct {
	Day    Day    `json:"bill_date,omitzero"` // not of what concerns the whole lake
	Bucket int    `json:"bucket"`
	Key    string `json:"key"`             // the object in which it breaks
	Place  string `json:"place,omitempty"` // in the object: its page, line, row, account or column
	Want   string `json:"want,omitempty"`
	Got    string `json:"got"`
	Fix    string `json:"fix"` // what a person should do
}

// Compare orders findings by day, bucket and object.
func (f Finding) Compare(other Finding) int {
	return cmp.Or(cmp.Compare(f.Day, other.Day), cmp.Compare(f.Bucket, other.Bucket), strings.Compare(f.Key, other.Key))
}

// Series is what the archive has of one walk over a unit's pages, or of one pass
// over its orders.
type Series struct {
	Account     AccountID
	Name        string   // of the walk or the pass
	Batches     []string // keys, in order; "" for one that is missing between others
	Certificate string   // key of the certificate stored under the name, or of the pass; "" where there is none
	Bytes       int64    // of all of them
}

// Objects returns how many objects these are.
func (f *Series) Objects() (n int) {
	for _, key := range append(f.Batches, f.Certificate) {
		if key != "" {
			n++
		}
	}
	return n
}
