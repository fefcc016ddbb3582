package sandbox

import (
	"fmt"
	"maps"
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

// Stats is what the server counted since it was built.
type Stats struct {
	Calls   map[string]int `json:"calls"`          // by API
	Codes   map[string]int `json:"codes"`          // answers by "API code"; code 0 is success
	Faults  map[string]int `json:"faults"`         // by the fault's name, how often it struck
	Busiest map[string]int `json:"busiest_second"` // by API, the most calls that arrived within any second of the latest 65,536
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

// Requests returns the latest calls in order of arrival, at most 65,536.
func (p *Platform) Requests() []Request {
	t := &p.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(append([]Request(nil), t.requests[t.next:]...), t.requests[:t.next]...)
}

// Stats returns the counts so far.
func (p *Platform) Stats() Stats {
	requests := p.Requests()
	t := &p.traffic
	t.mu.Lock()
	defer t.mu.Unlock()
	stats := Stats{Calls: maps.Clone(t.calls), Codes: maps.Clone(t.codes), Faults: map[string]int{}, Busiest: map[string]int{}}
	for one, times := range t.faults {
		stats.Faults[one.fault] += times
	}
	for _, api := range []string{BillsAPI, SettleAPI, TokenAPI} {
		stats.Busiest[api] = busiestSecond(requests, api)
	}
	return stats
}

// busiestSecond returns the most calls of the API that arrived within any second.
func busiestSecond(requests []Request, api string) int {
	most := 0
	var within []time.Time
	for _, request := range requests {
		if request.API != api {
			continue
		}
		within = append(within, request.At)
		for request.At.Sub(within[0]) >= time.Second {
			within = within[1:]
		}
		most = max(most, len(within))
	}
	return most
}

// window is the rate limit: it accepts as many calls in any second as it has places.
type window struct {
	mu       sync.Mutex
	accepted []time.Time // a ring of the latest
	next     int
}

func newWindow(places int) *window { return &window{accepted: make([]time.Time, places)} }

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

// memory counts how often the same thing was asked. It forgets everything when
// it is full, which only lets faults strike anew.
type memory struct {
	mu    sync.Mutex
	asked map[uint64]int
}

const mostMemories = 1 << 20

func newMemory() memory { return memory{asked: map[uint64]int{}} }

// again counts one more asking of the thing and returns the count, from 1.
func (m *memory) again(thing uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.asked) >= mostMemories {
		clear(m.asked)
	}
	m.asked[thing]++
	return m.asked[thing]
}

// times returns how often the thing was asked so far.
func (m *memory) times(thing uint64) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked[thing]
}
