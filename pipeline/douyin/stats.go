package douyin

import "time"

// Stats is what a client has done so far.
type Stats struct {
	Bills         int64         // HTTP calls of catering_query, repeats included
	Settlements   int64         // HTTP calls of query_settle, repeats included
	Token         int64         // HTTP calls of client_token, repeats included
	Retries       int64         // those of all three that repeat another
	Throttled     int64         // answers that asked to slow down
	ThrottledTime time.Duration // waits before repeats, and turns at a lowered rate; waits side by side are added up
	Rate          float64       // requests of catering_query per second, now
	Cap           float64       // the rate of either API without throttling
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
