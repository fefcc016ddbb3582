package schema

import (
	"fmt"
	"time"
)

// China is the zone of every bill_date: UTC+8, fixed, without daylight saving
// and independent of the machine's own zone and time zone database.
var China = time.FixedZone("UTC+8", 8*60*60)

// Day is a calendar date in China, as days since 1970-01-01. Days compare,
// subtract and serve as map keys like integers.
type Day int32

const secondsPerDay = 24 * 60 * 60

// FirstDay is the first day that is accepted: Douyin did not exist before.
var FirstDay = DayOf(time.Date(2016, 1, 1, 0, 0, 0, 0, China))

// DayOf returns the day in China at the instant t.
func DayOf(t time.Time) Day {
	_, offset := t.In(China).Zone()
	seconds := t.Unix() + int64(offset)
	day := seconds / secondsPerDay
	if seconds%secondsPerDay < 0 {
		day--
	}
	return Day(day)
}

// ParseDay parses a day in the form YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a day: want YYYY-MM-DD, for example 2026-11-20", s)
	}
	return DayOf(t), nil
}

// Start returns the first instant of the day in China.
func (d Day) Start() time.Time {
	return time.Unix(int64(d)*secondsPerDay, 0).In(China).Add(-8 * time.Hour)
}

// String returns the day as YYYY-MM-DD.
func (d Day) String() string { return d.Start().Format(time.DateOnly) }

// MarshalText writes the day as YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the day from YYYY-MM-DD.
func (d *Day) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDay(string(text))
	return err
}
