package douyin

import "time"

// Stats counts what a client has done so far.
type Stats struct {
	Bills         int64         // HTTP requests of catering_query, with retries
	Settlements   int64         // HTTP requests of query_settle, with retries
	Token         int64         // HTTP requests of client_token, with retries
	Retries       int64         // how many of the three were retries
	Throttled     int64         // answers "too many requests"
	ThrottledTime time.Duration // pauses before retries, and waits at a lowered rate, added up over concurrent calls
	Rate          float64       // present limit of catering_query, in requests per second
	Cap           float64       // limit of either API without throttling
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	return Stats{
		Bills: c.bills.calls.Load(), Settlements: c.settlements.calls.Load(), Token: c.tokenCalls.calls.Load(),
		Retries: c.retries.Load(), Throttled: c.throttled.Load(),
		ThrottledTime: time.Duration(c.backedOff.Load()) + c.bills.pace.slowedTime() + c.settlements.pace.slowedTime(),
		Rate:          c.bills.pace.limit(time.Now()), Cap: c.bills.pace.cap,
	}
}
