package douyin

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// clock is the platform's time against this machine's, by the first answer that
// says it.
type clock struct {
	mu    sync.Mutex
	known bool
	ahead time.Duration // this machine's
}

// record takes the time from an answer to a request that was sent then. An answer
// that a cache on the way kept (Age) has the time of another day.
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

// maxNowOffset is how far off extra.now may be. Its unit is not documented, and some
// answers have a constant in it: what is further off is not taken for the time.
const maxNowOffset = 24 * time.Hour

func headerTime(header http.Header) (time.Time, time.Duration, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	return date, time.Second, err == nil
}

// bodyTime returns an answer's extra.now, in seconds or milliseconds, as the APIs
// have it.
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

// minAhead returns how far this machine's clock is ahead at least. The platform read
// its own, and cut it to the precision, between sending and receiving.
func minAhead(said time.Time, precision time.Duration, sent, received time.Time) time.Duration {
	switch least, most := sent.Sub(said.Add(precision)), received.Sub(said); {
	case least > 0:
		return least
	case most < 0:
		return most
	}
	return 0
}
