package jobs

import (
	"encoding/json"
	"strings"
	"testing"

	"billwalk/schema"
)

func day(t testing.TB, text string) schema.Day {
	t.Helper()
	d, err := schema.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to    string
		open        bool
		first, last string // or
		err         string // a part of the error
	}{
		{from: "2026-11-20", first: "2026-11-20", last: "2026-11-20"},
		{from: "2026-10-01", to: "2026-10-31", first: "2026-10-01", last: "2026-10-31"},
		{from: "2026-10", first: "2026-10-01", last: "2026-10-31"},
		{from: "2024-02", first: "2024-02-01", last: "2024-02-29"},
		{from: "2026-02", first: "2026-02-01", last: "2026-02-28"},
		{from: "2025-12", to: "2026-01", first: "2025-12-01", last: "2026-01-31"},
		{from: "2026-10-15", to: "2026-10", first: "2026-10-15", last: "2026-10-31"},
		{from: "2026-11", first: "2026-11-01", last: "2026-11-20"},
		{from: "2026-11", open: true, first: "2026-11-01", last: "2026-11-21"},
		{from: "2026-10", to: "2026-11", first: "2026-10-01", last: "2026-11-20"},
		{from: "2026-11-20", to: "2026-11", first: "2026-11-20", last: "2026-11-20"},
		{from: "2026-11-21", to: "2026-11", open: true, first: "2026-11-21", last: "2026-11-21"},
		{from: "-30d", to: "2026-11", first: "2026-10-22", last: "2026-11-20"},
		{from: "yesterday", first: "2026-11-20", last: "2026-11-20"},
		{from: "-7d", first: "2026-11-14", last: "2026-11-14"},
		{from: "-7d", to: "yesterday", first: "2026-11-14", last: "2026-11-20"},
		{from: "2026-11-01", to: "-1d", first: "2026-11-01", last: "2026-11-20"},
		{from: "today", open: true, first: "2026-11-21", last: "2026-11-21"},
		{from: "2026-11-01", to: "2026-11-21", open: true, first: "2026-11-01", last: "2026-11-21"},

		{from: "today", err: "2026-11-21 is not over in China (UTC+8) and its bills still change: end with 2026-11-20, or give --allow-open-day"},
		{from: "-3d", to: "2026-11-21", err: "--allow-open-day"},
		{from: "2026-11-22", err: "2026-11-22 has not begun in China (UTC+8), where it is 2026-11-21: the latest day is 2026-11-20"},
		{from: "2026-12", err: "2026-12-31 has not begun in China (UTC+8), where it is 2026-11-21: the latest day is 2026-11-20"},
		{from: "2026-11", to: "2026-12", err: "2026-12-31 has not begun"},
		{from: "2026-11-21", to: "2026-11", err: "of 2026-11 no day from 2026-11-21 on is over in China (UTC+8), where it is 2026-11-21: end with 2026-11-20, or give --allow-open-day"},
		{from: "2026-11-25", to: "2026-11", open: true, err: "has not begun"},
		{from: "2026-10-31", to: "2026-10-01", err: "2026-10-31 is after 2026-10-01; put the earlier one first"},
		{from: "-1d", to: "-7d", err: "put the earlier one first"},
		{from: "", to: "2026-10-01", err: "--from is missing"},
		{from: "", to: "", err: "--from is missing"},
		{from: "2026-13", err: `--from: "2026-13" is not a date: want YYYY-MM-DD`},
		{from: "2026-10-01", to: "tomorrow", err: "--to:"},
	} {
		first, last, err := Range(c.from, c.to, day(t, "2026-11-21"), c.open)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("Range(%q, %q, open %v) = %v to %v, %v; want the error %q", c.from, c.to, c.open, first, last, err, c.err)
			}
		case err != nil || first != day(t, c.first) || last != day(t, c.last):
			t.Errorf("Range(%q, %q, open %v) = %v to %v, %v; want %s to %s", c.from, c.to, c.open, first, last, err, c.first, c.last)
		}
	}
}

// TestMonthUnderWay: on the first day of a month none of its days is over; on its last
// day, all others are.
func TestMonthUnderWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		today, from, to string
		open            bool
		first, last     string // or
		err             string
	}{
		{today: "2026-11-01", from: "2026-11", err: "of 2026-11 no day from 2026-11-01 on is over in China (UTC+8), where it is 2026-11-01: end with 2026-10-31, or give --allow-open-day"},
		{today: "2026-11-01", from: "2026-10", to: "2026-11", first: "2026-10-01", last: "2026-10-31"},
		{today: "2026-11-01", from: "2026-11", open: true, first: "2026-11-01", last: "2026-11-01"},
		{today: "2026-11-02", from: "2026-11", first: "2026-11-01", last: "2026-11-01"},
		{today: "2026-11-30", from: "2026-11", first: "2026-11-01", last: "2026-11-29"},
		{today: "2026-11-30", from: "2026-11", open: true, first: "2026-11-01", last: "2026-11-30"},
		{today: "2026-12-01", from: "2026-11", first: "2026-11-01", last: "2026-11-30"},
		{today: "2024-02-29", from: "2024-02", first: "2024-02-01", last: "2024-02-28"},
	} {
		first, last, err := Range(c.from, c.to, day(t, c.today), c.open)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("on %s, Range(%q, %q) = %v to %v, %v; want the error %q", c.today, c.from, c.to, first, last, err, c.err)
			}
		case err != nil || first != day(t, c.first) || last != day(t, c.last):
			t.Errorf("on %s, Range(%q, %q, open %v) = %v to %v, %v; want %s to %s", c.today, c.from, c.to, c.open, first, last, err, c.first, c.last)
		}
	}
}

func TestRangeBeforeDouyin(t *testing.T) {
	t.Parallel()
	if _, _, err := Range("-3650d", "", schema.FirstDay+100, false); err == nil || !strings.Contains(err.Error(), "is the year right?") {
		t.Errorf("Range = %v, want it refused", err)
	}
}

func TestParseDateRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "2026", "2026-1-1", "2026-00-01", "2026-02-29", "2026-13", "20261001", "2026/10/01", "2026-10-01 ",
		"2026-10-01T00:00:00Z", "0d", "-0d", "7d", "+7d", "-07d", "-3651d", "-99999999999d", "-7", "Yesterday", "2015-12-31", "0202-10-01", "2015-12"} {
		if d, err := ParseDate(text); err == nil {
			t.Errorf("ParseDate(%q) = %v, want an error", text, d)
		}
	}
}

// A parsed date is written back unchanged, and is within the limits.
func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-10-01", "2026-10", "2024-02", "9999-12", "9999-12-31", "yesterday", "today", "-1d", "-3650d", "-3651d", "2016-01-01", "2015-12-31"} {
		f.Add(seed, int32(20778))
	}
	f.Fuzz(func(t *testing.T, text string, now int32) {
		d, err := ParseDate(text)
		if err != nil {
			return
		}
		if again, err := ParseDate(d.String()); err != nil || again != d {
			t.Fatalf("%q is %v, which parses to %v, %v", text, d, again, err)
		}
		if written := d.String(); written != text && text != "yesterday" {
			t.Fatalf("%q is written back as %q", text, written)
		}
		if encoded, err := json.Marshal(d); err != nil || string(encoded) != `"`+d.String()+`"` {
			t.Fatalf("JSON of %v is %s, %v", d, encoded, err)
		}
		today := schema.Day(now % 1_000_000)
		first, last := d.Day(today)
		switch {
		case first > last || last-first > 30:
			t.Fatalf("%q means %v to %v", text, first, last)
		case d.relative() && (last > today || today-first > maxDaysAgo):
			t.Fatalf("%q on %v means %v", text, today, first)
		case !d.relative() && first < schema.FirstDay:
			t.Fatalf("%q means %v", text, first)
		}
		if from, to, err := Range(text, "", today, false); err == nil && (from < schema.FirstDay || from > to || to >= today) {
			t.Fatalf("Range(%q) on %v = %v to %v", text, today, from, to)
		}
	})
}
