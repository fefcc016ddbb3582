package jobs

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"billwalk/schema"
)

// Date is a day or a month as in jobs.yaml and in flags: fixed, or counted back from
// today.
type Date struct {
	first, last schema.Day // of a fixed day or month; both 0 for days before today
	ago         int        // days before today
}

// Dates is the range of days of a job, both ends included.
type Dates struct {
	From, To Date
}

const (
	monthOnly  = "2006-01"
	wantDate   = "YYYY-MM-DD, a month YYYY-MM, yesterday, today, or days before today such as -7d (at most -3650d)"
	maxDaysAgo = 3650
)

var daysAgo = form(`^-([1-9][0-9]{0,3})d$`)

// ParseDate reads YYYY-MM-DD, a month YYYY-MM, yesterday, today, or days before
// today from -1d to -3650d. A fixed date lies in 2016 or later.
func ParseDate(s string) (Date, error) {
	if d, ok := parseDate(s); ok {
		return d, nil
	}
	return Date{}, fmt.Errorf("%s is not a date: want %s", quote(s), wantDate)
}

func parseDate(s string) (Date, bool) {
	switch s {
	case "today":
		return Date{}, true
	case "yesterday":
		return Date{ago: 1}, true
	}
	if match := daysAgo().FindStringSubmatch(s); match != nil {
		ago, err := strconv.Atoi(match[1])
		return Date{ago: ago}, err == nil && ago <= maxDaysAgo
	}
	if day, err := schema.ParseDay(s); err == nil {
		return Date{first: day, last: day}, day >= schema.FirstDay
	}
	if t, err := time.ParseInLocation(monthOnly, s, schema.China); err == nil {
		first := schema.DayOf(t)
		return Date{first: first, last: schema.DayOf(t.AddDate(0, 1, 0)) - 1}, first >= schema.FirstDay
	}
	return Date{}, false
}

// Day returns the first and the last day of the date, given today's date in China. They
// are equal except for a month.
func (d Date) Day(today schema.Day) (first, last schema.Day) {
	if d.relative() {
		return today - schema.Day(d.ago), today - schema.Day(d.ago)
	}
	return d.first, d.last
}

// String writes the date so that [ParseDate] reads it back.
func (d Date) String() string {
	switch {
	case d.relative() && d.ago == 0:
		return "today"
	case d.relative():
		return fmt.Sprintf("-%dd", d.ago)
	case d.month():
		return d.first.Start().Format(monthOnly)
	}
	return d.first.String()
}

// MarshalText writes the date as [Date.String] does.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Date) relative() bool { return d.last == 0 }

// after reports whether d is after e for any date of today.
func (d Date) after(e Date) bool {
	if d.relative() != e.relative() {
		return false
	}
	return d.first > e.last || d.ago < e.ago
}

// Range returns the days from From to To, both included, given today's date in China.
// Today is refused unless allowOpen, as its bills still change; future days always are,
// as they would be published as empty. The current month ends with its last day so far.
func (d Dates) Range(today schema.Day, allowOpen bool) (first, last schema.Day, err error) {
	first, _ = d.From.Day(today)
	_, last = d.To.Day(today)
	newest := today - 1
	if allowOpen {
		newest = today
	}
	underWay := d.To.month() && d.To.first <= today && today <= last
	if underWay && first <= newest {
		last = min(last, newest)
	}
	switch {
	case first > last:
		return 0, 0, fmt.Errorf("the days from %s to %s are none: %s is after %s; put the earlier one first", d.From, d.To, first, last)
	case first < schema.FirstDay:
		return 0, 0, fmt.Errorf("%s is before %s, the first day that is accepted: is the year right?", first, schema.FirstDay)
	case underWay && last > newest && !allowOpen:
		return 0, 0, fmt.Errorf("of %s no day from %s on is over in China (UTC+8), where it is %s: end with %s, or give --allow-open-day", d.To, first, today, newest)
	case last > today:
		return 0, 0, fmt.Errorf("%s has not begun in China (UTC+8), where it is %s: the latest day is %s", last, today, newest)
	case last > newest:
		return 0, 0, fmt.Errorf("%s is not over in China (UTC+8) and its bills still change: end with %s, or give --allow-open-day", last, newest)
	}
	return first, last, nil
}

// month reports whether the date is a month.
func (d Date) month() bool { return d.first != d.last }

// Range reads --from and --to, and returns their days, both included, like
// [Dates.Range]. Without to, from is one day or a whole month.
func Range(from, to string, today schema.Day, allowOpen bool) (first, last schema.Day, err error) {
	if from == "" {
		return 0, 0, errors.New("--from is missing: give the first day, and --to for the last one")
	}
	var d Dates
	if d.From, err = ParseDate(from); err != nil {
		return 0, 0, fmt.Errorf("--from: %w", err)
	}
	d.To = d.From
	if to != "" {
		if d.To, err = ParseDate(to); err != nil {
			return 0, 0, fmt.Errorf("--to: %w", err)
		}
	}
	return d.Range(today, allowOpen)
}
