// Package passid names passes over a unit: walks of its pages, and passes over its
// orders.
package passid

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"billwalk/schema"
)

// New returns the id of a new pass, a ULID: ids sort by the time of their passes. It
// sorts after previous, the id of an earlier pass or "", whatever the clock says, and
// is the same for the same run, unit, clock and previous id.
func New(run string, u schema.Unit, now time.Time, previous string) string {
	ms := ulid.Timestamp(now)
	if earlier, err := ulid.Parse(previous); err == nil {
		ms = max(ms, earlier.Time()+1)
	}
	entropy := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", run, u.Account.ID, u.Day))
	var id ulid.ULID
	_ = id.SetTime(ms) // fails in the year 10889
	_ = id.SetEntropy(entropy[:10])
	return id.String()
}
