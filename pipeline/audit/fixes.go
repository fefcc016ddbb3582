package audit

import (
	"errors"
	"runtime"

	"billwalk/schema"
)

// What to do about a finding.
const (
	fixArchive  = "put it back from a backup or an earlier version of the object; without one, remove all objects of this walk or pass, and run the job for the day, which fetches everything again"
	fixReplay   = "replay the day: it is built again from the archive"
	fixNewer    = "verify with the billwalk that published the day, or a later one"
	fixAnew     = "run the job for this day: it repeats the calls whose answers do not count"
	fixRun      = "run the job for the day"
	fixTwice    = "sums over days count it twice: replay these days, the earliest first"
	fixUnhashed = "nothing is known to be wrong: once you trust it, copy the object onto itself with the metadata sha256"
)

// maxRows is the maximum number of rows of one table with a finding of their own.
const maxRows = 20

// maxUnits returns the number of units that are read concurrently: more than there are
// processors, as most wait for the store.
func maxUnits() int { return 4 * runtime.GOMAXPROCS(0) }

// fixOf returns what to do about an object of the archive.
func fixOf(err error) string {
	if errors.Is(err, schema.ErrUnhashed) {
		return fixUnhashed
	}
	return fixArchive
}
