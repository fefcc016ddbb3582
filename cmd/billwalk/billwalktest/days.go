package billwalktest

import (
	"billwalk/schema"
)

// FirstDay and LastDay are the days of most tests. By the tests' clock they are closed.
var (
	FirstDay = MustDay("2026-10-30")
	LastDay  = MustDay("2026-11-01")
)

// MustDay parses a YYYY-MM-DD that is right.
func MustDay(s string) schema.Day {
	day, err := schema.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return day
}
