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
	StoresAPI = "stores"      // shop/poi/query

	WithdrawalsAPI    = "withdrawals"     // withdraw/catering_query
	WithdrawnBillsAPI = "withdrawn_bills" // catering_query with withdraw_id
)

var apis = []string{BillsAPI, SettleAPI, TokenAPI, StoresAPI, WithdrawalsAPI, WithdrawnBillsAPI}

// Request is one call as the server received it.
type Request struct {
	API     string    `json:"api"`
	At      time.Time `json:"at"`
	Account string    `json:"account,omitempty"`   // as received, valid or not
	Day     string    `json:"bill_date,omitempty"` // of withdrawals: start_date
	LastDay string    `json:"end_date,omitempty"`  // of withdrawals
	Cursor  string    `json:"cursor,omitempty"`    // of stores: the page

	Parameter string `json:"parameter,omitempty"` // of a settle query: the id that counts, and its value; or withdraw_id
	Value     string `json:"value,omitempty"`
}

// maxRequests is the number of requests that are kept.
const maxRequests = 1 << 16

type traffic struct {
	mu       sync.Mutex
	requests []Request // a ring once it is full
	next     int
	calls    map[string]int
	codes    map[string]int
	faults   map[faultKey]int
}

// faultKey identifies the count of a fault at one API.
type faultKey struct{ api, fault string }

func newTraffic() traffic {
	return traffic{calls: map[string]int{}, codes: map[string]int{}, faults: map[faultKey]int{}}
}

// record records a call, and returns its number among the API's calls, from 1.
func (t *traffic) record(request Request) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.requests) < maxRequests {
		t.requests = append(t.requests, request)
	} else {
		t.requests[t.next] = request
		t.next = (t.next + 1) % maxRequests
	}
	t.calls[request.API]++
	return t.calls[request.API]
}

func (t *traffic) countAnswer(api string, code int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes[fmt.Sprintf("%s %d", api, code)]++
}

func (t *traffic) countFault(api string, f fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults[faultKey{api, f.name}]++
}

// takeFault counts the fault, unless it has reached its limit at the API.
func (t *traffic) takeFault(api string, f fault) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := faultKey{api, f.name}
	if f.limit > 0 && t.faults[key] >= f.limit {
		return false
	}
	t.faults[key]++
	return true
}

// queryCounts counts equal queries, by their hash. It forgets everything when it is
// full, which only repeats some faults.
type queryCounts struct {
	mu     sync.Mutex
	counts map[uint64]int
}

const maxCounts = 1 << 20

func newQueryCounts() queryCounts { return queryCounts{counts: map[uint64]int{}} }

// increment counts a query, and returns the count including it.
func (m *queryCounts) increment(hash uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.counts) >= maxCounts {
		clear(m.counts)
	}
	m.counts[hash]++
	return m.counts[hash]
}

// count returns the count so far.
func (m *queryCounts) count(hash uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[hash]
}

// window is a rate limit: it accepts a fixed number of calls in any second.
type window struct {
	mu       sync.Mutex
	accepted []time.Time // the latest calls, as a ring; its length is the limit
	next     int
}

func newWindow(limit int) *window { return &window{accepted: make([]time.Time, limit)} }

func (w *window) accept(now time.Time) bool {
	if len(w.accepted) == 0 {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.accepted[w.next]) < time.Second {
		return false
	}
	w.accepted[w.next] = now
	w.next = (w.next + 1) % len(w.accepted)
	return true
}
