package billwalktest

import (
	"billwalk/schema"
)

// days of most tests: closed ones, by the tests' clock.
var (
	FirstDay = MustDay("2026-10-30")
	LastDay  = MustDay("2026-11-01")
)

func MustDay(s string) schema.Day {
	day, err := schema.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return day
}
