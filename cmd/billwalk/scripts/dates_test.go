package scripts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest/race"
	"billwalk/pipeline/douyin/sandbox"
	"billwalk/schema"
)

// moments are when what depends on the date is tested: ends of months, of years and
// of Februaries, leap days, each day of three in a row, and the last minutes before
// midnight in China (16:00 UTC), midnight, and likewise at Greenwich. A script takes some of them.
var moments = []string{
	"2024-02-29T02:00:00Z", "2025-12-31T02:00:00Z", "2026-01-01T02:00:00Z", "2026-02-28T02:00:00Z", "2026-03-01T02:00:00Z",
	"2026-11-26T02:00:00Z", "2026-11-27T02:00:00Z", "2026-11-28T02:00:00Z",
	"2026-12-31T15:50:00Z", "2026-12-31T16:00:00Z", "2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z",
	"2027-12-31T02:00:00Z", "2028-02-29T02:00:00Z",
}

// TestDates tells the scripts of testdata at each of the moments. What they expect is
// in variables: days by the standard library's calendar, numbers by what the demo's
// platform says of itself.
func TestDates(t *testing.T) {
	t.Parallel()
	for i, text := range moments {
		if race.Detector && i%4 != 0 {
			continue // it is the same code at every date
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			runScripts(t, "testdata", ahead(time.Until(at)), slices.Concat([]string{clockFrom(at)}, daysAt(at), demoAt(at))...)
		})
	}
}

func daysAt(at time.Time) []string {
	today := at.In(time.FixedZone("UTC+8", 8*60*60))
	last := today.AddDate(0, 0, -today.Day()) // of the month before
	var variables []string
	for name, day := range map[string]time.Time{
		"TODAY": today, "TOMORROW": today.AddDate(0, 0, 1), "YESTERDAY": today.AddDate(0, 0, -1), "THIRD": today.AddDate(0, 0, -3),
		"STATUS_FIRST": today.AddDate(0, 0, -35), "MONTH_LAST": last, "MONTH_FIRST": last.AddDate(0, 0, 1-last.Day()),
	} {
		variables = append(variables, name+"="+day.Format(time.DateOnly), name+"_SHORT="+day.Format("01-02"))
	}
	return append(variables, "MONTH="+last.Format("2006-01"), fmt.Sprint("MONTH_DAYS=", last.Day()))
}

// demoAt is what the demo's platform has in the three days of the demo, and in the
// second of them, as ONE_….
func demoAt(at time.Time) []string {
	config := sandbox.Demo()
	config.Now = ahead(time.Until(at))
	platform := sandbox.New(config)
	today := schema.DayOf(at)
	numbers := func(prefix string, from, to schema.Day) []string {
		complete, unavailable, failed := platform.Units(platform.Accounts(), from, to)
		return []string{
			fmt.Sprint(prefix, "COMPLETE=", complete), fmt.Sprint(prefix, "UNAVAILABLE=", unavailable), fmt.Sprint(prefix, "FAILED=", failed),
			fmt.Sprint(prefix, "BILLS=", len(platform.Truth(platform.Accounts(), from, to))),
		}
	}
	return append(numbers("", today-3, today-1), numbers("ONE_", today-2, today-2)...)
}
