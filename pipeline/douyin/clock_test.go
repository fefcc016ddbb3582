package douyin

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestClock: the first answer with a time is compared with this machine's clock, within
// its precision and the time of the request.
func TestClock(t *testing.T) {
	t.Parallel()
	sent := time.Date(2026, 11, 20, 0, 30, 10, 500e6, time.UTC)
	received := sent.Add(2 * time.Second)
	date := func(t time.Time) http.Header { return http.Header{"Date": {t.UTC().Format(http.TimeFormat)}} }
	extra := func(now string) string { return `{"data":{},"extra":{"now":` + now + `}}` }
	for name, c := range map[string]struct {
		header http.Header
		body   string
		ahead  time.Duration
		known  bool
	}{
		"the same time":             {date(sent.Add(time.Second)), "", 0, true},
		"as it was sent":            {date(sent), "", 0, true},
		"the second before it":      {date(sent.Add(-time.Second)), "", 500 * time.Millisecond, true},
		"two hours ahead":           {date(sent.Add(-2 * time.Hour)), "", 2*time.Hour - 500*time.Millisecond, true},
		"a day behind":              {date(received.Add(24*time.Hour + 500*time.Millisecond)), "", -24*time.Hour - 500*time.Millisecond, true},
		"extra.now in milliseconds": {nil, extra(fmt.Sprint(sent.Add(-time.Hour).UnixMilli())), time.Hour - time.Millisecond, true},
		"extra.now in seconds":      {nil, extra(fmt.Sprint(sent.Add(-time.Hour).Unix())), time.Hour - 500*time.Millisecond, true},
		"Date before extra.now":     {date(sent), extra("1693481191"), 0, true},
		"a Date of another form":    {http.Header{"Date": {"today"}}, extra(fmt.Sprint(sent.UnixMilli())), 0, true},
		"from a cache":              {http.Header{"Date": {sent.Add(-time.Hour).Format(http.TimeFormat)}, "Age": {"3600"}}, extra("1693481191"), 0, false},
		"no time at all":            {nil, `{"data":{}}`, 0, false},
		"another now":               {nil, extra(`"soon"`), 0, false},
		"a now of no clock":         {nil, extra("17"), 0, false},
		"no JSON":                   {nil, "<html>", 0, false},
	} {
		var clock clock
		clock.record(c.header, []byte(c.body), sent, received)
		if clock.ahead != c.ahead || clock.known != c.known {
			t.Errorf("%s: %s, %t; want %s, %t", name, clock.ahead, clock.known, c.ahead, c.known)
		}
		if clock.record(date(sent.Add(-48*time.Hour)), nil, sent, received); c.known && clock.ahead != c.ahead {
			t.Errorf("%s: a later answer changed it to %s", name, clock.ahead)
		}
	}
}
