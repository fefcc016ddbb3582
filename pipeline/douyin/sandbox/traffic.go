package sandbox

import (
	"fmt"
	"sync"
	"time"
)

// The APIs, as [Request] and [Stats] name them.
const (
	BillsAPI  = "bills"       // catering_query
	SettleAPI = "settlements" // query_settle
	TokenAPI  = "token"       // client_token
)

// Request is one call as it arrived at the server.
type Request struct {
	API     string    `json:"api"`
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"` // as asked, whether right or not
	Day     string    `json:"bill_date,omitempty"`
	Cursor  string    `json:"cursor,omitempty"`

	Parameter string `json:"parameter,omitempty"` // the id that a settle query goes by, and its value
	Value     string `json:"value,omitempty"`
}

// mostRequests bounds the memory of arrivals.
const mostRequests = 1 << 16

type traffic struct {
	mu       sync.Mutex
	requests []Request // a ring once it is full
	next     int
	calls    map[string]int
	codes    map[string]int
	faults   map[strike]int
}

// strike is a fault at one API; each has its own count.
type strike struct{ api, fault string }

func newTraffic() traffic {
	return traffic{calls: map[string]int{}, codes: map[string]int{}, faults: map[strike]int{}}
}

// arrive records a call and returns which of its API it is, from 1.
func (t *traffic) arrive(request Request) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.requests) < mostRequests {
		t.requests = append(t.requests, request)
	} else {
		t.requests[t.next] = request
		t.next = (t.next + 1) % mostRequests
	}
	t.calls[request.API]++
	return t.calls[request.API]
}

func (t *traffic) answered(api string, code int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes[fmt.Sprintf("%s %d", api, code)]++
}

func (t *traffic) struck(api string, f fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[strike{api, f.name}]++
}

// strike counts the fault and reports whether it may still strike the API.
func (t *traffic) strike(api string, f fault) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := strike{api, f.name}
	if f.most > 0 && t.faults[one] >= f.most {
		return false
	}
	t.faults[one]++
	return true
}
