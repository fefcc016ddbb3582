package douyin

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// clock compares this machine's time with that of the first answer that has one.
type clock struct {
	mu    sync.Mutex
	known bool
	ahead time.Duration // of this machine
}

// record takes the time from the answer to a request. It ignores answers of a cache
// (Age), whose time is old.
func (c *clock) record(header http.Header, body []byte, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known || header.Get("Age") != "" {
		return
	}
	said, precision, ok := headerTime(header)
	if !ok {
		said, precision, ok = bodyTime(body)
		ok = ok && received.Sub(said).Abs() < maxNowOffset
	}
	if ok {
		c.known, c.ahead = true, minAhead(said, precision, sent, received)
	}
}

// maxNowOffset is the maximum difference of extra.now. Its unit is not documented, and
// some answers have a constant: a larger difference means that it is not the time.
const maxNowOffset = 24 * time.Hour

func headerTime(header http.Header) (time.Time, time.Duration, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	return date, time.Second, err == nil
}

// bodyTime returns an answer's extra.now, in seconds or milliseconds, and its precision.
func bodyTime(body []byte) (time.Time, time.Duration, bool) {
	var answer struct {
		Extra struct {
			Now jsontext.Value `json:"now"`
		} `json:"extra"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return time.Time{}, 0, false
	}
	n, err := strconv.ParseInt(string(answer.Extra.Now), 10, 64)
	switch {
	case err == nil && n >= 1e9 && n < 1e10:
		return time.Unix(n, 0), time.Second, true
	case err == nil && n >= 1e12 && n < 1e13:
		return time.UnixMilli(n), time.Millisecond, true
	}
	return time.Time{}, 0, false
}

// minAhead returns the least difference by which this machine's clock can be ahead: the
// platform read its own clock between sending and receiving, and truncated it.
func minAhead(said time.Time, precision time.Duration, sent, received time.Time) time.Duration {
	switch lower, upper := sent.Sub(said.Add(precision)), received.Sub(said); {
	case lower > 0:
		return lower
	case upper < 0:
		return upper
	}
	return 0
}
