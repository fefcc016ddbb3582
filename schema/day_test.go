package schema

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Day{
		"1970-01-01": 0, "1970-01-02": 1, "1969-12-31": -1, "2000-02-29": 11016, "1900-03-01": -25508,
		"2024-02-29": 19782, "2024-03-01": 19783, "2026-11-20": 20777, "0000-01-01": -719528, "9999-12-31": 2932896,
	} {
		day, err := ParseDay(text)
		if err != nil || day != want {
			t.Errorf("ParseDay(%q) = %d, %v, want %d", text, int(day), err, int(want))
		}
		if got := want.String(); got != text {
			t.Errorf("day %d is %q, want %q", int(want), got, text)
		}
	}
	for _, text := range []string{
		"", "2026-11-2", "2026-1-20", "26-11-20", "2026/11/20", "20261120", " 2026-11-20", "2026-11-20 ", "2026-11-20T00:00:00Z",
		"2026-11-31", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "-001-01-01", "10000-01-01", "\uff12026-11-20", "yesterday",
	} {
		if day, err := ParseDay(text); err == nil {
			t.Errorf("ParseDay(%q) = %s, want an error", text, day)
		} else if !strings.Contains(err.Error(), "YYYY-MM-DD") {
			t.Errorf("ParseDay(%q): %v does not say what is wanted", text, err)
		}
	}
}

// FuzzParseDay: a parsed day formats to the same text, and its midnight in China is on that
// day.
func FuzzParseDay(f *testing.F) {
	for _, seed := range []string{"2026-11-20", "1969-12-31", "0000-02-29", "9999-12-31", "2026-1-1", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		day, err := ParseDay(text)
		if err != nil {
			return
		}
		if day.String() != text {
			t.Fatalf("%q parses to %s", text, day)
		}
		if at := day.Start(); DayOf(at) != day || DayOf(at.Add(-time.Nanosecond)) != day-1 {
			t.Fatalf("%s begins at %s", day, at)
		}
	})
}

// TestDayOfIsChinas: the day of an instant is China's, in whatever zone the instant is
// given, also before 1970.
func TestDayOfIsChinas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(-62167219200, 253402300799).Draw(t, "seconds")
		zone := time.FixedZone("", rapid.IntRange(-14*3600, 14*3600).Draw(t, "offset"))
		at := time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		day := DayOf(at)
		if other := DayOf(at.In(zone)); other != day {
			t.Fatalf("%s is on %s, in another zone on %s", at, day, other)
		}
		if got, want := day.String(), at.In(China).Format(time.DateOnly); got != want {
			t.Fatalf("%s is on %s, want %s", at, got, want)
		}
		if start := day.Start(); at.Before(start) || !at.Before((day + 1).Start()) {
			t.Fatalf("%s is not within %s, from %s", at, day, start)
		}
	})
}

// TestDayKnowsNoZone sets the machine's zone to difficult ones.
func TestDayKnowsNoZone(t *testing.T) {
	was := time.Local
	t.Cleanup(func() { time.Local = was })
	at := time.Date(2026, 11, 20, 15, 59, 59, 0, time.UTC)
	for _, hours := range []int{-12, -5, 0, 8, 14} {
		time.Local = time.FixedZone("somewhere", hours*3600)
		if got := DayOf(at.Local()).String(); got != "2026-11-20" {
			t.Errorf("at UTC%+d, 23:59:59 in China is on %s", hours, got)
		}
		if got := DayOf(at.Add(time.Second).Local()).String(); got != "2026-11-21" {
			t.Errorf("at UTC%+d, midnight in China is on %s", hours, got)
		}
		day, err := ParseDay("2026-11-20")
		if err != nil || day.String() != "2026-11-20" || day.Start().Unix() != at.Add(time.Second).Unix()-secondsPerDay {
			t.Errorf("at UTC%+d, 2026-11-20 is read as %s, from %s (%v)", hours, day, day.Start(), err)
		}
	}
}

func TestDayAsJSON(t *testing.T) {
	t.Parallel()
	type answer struct {
		Day  Day            `json:"bill_date"`
		Rows map[Day]string `json:"rows"`
	}
	in := answer{19782, map[Day]string{-1: "x"}}
	data, err := json.Marshal(in)
	if want := `{"bill_date":"2024-02-29","rows":{"1969-12-31":"x"}}`; err != nil || string(data) != want {
		t.Fatalf("%s, %v, want %s", data, err, want)
	}
	var out answer
	if err := json.Unmarshal(data, &out); err != nil || out.Day != in.Day || out.Rows[-1] != "x" {
		t.Errorf("read back as %+v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"bill_date":"2024-02-30"}`), &out); err == nil {
		t.Error("2024-02-30 is taken for a day")
	}
}
