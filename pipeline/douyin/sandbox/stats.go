package sandbox

import (
	"maps"
	"time"
)

// Stats is what the server counted since it was built.
type Stats struct {
	Calls   map[string]int `json:"calls"`          // by API
	Codes   map[string]int `json:"codes"`          // answers by "API code"; code 0 is success
	Faults  map[string]int `json:"faults"`         // by the fault's name, how often it struck
	Busiest map[string]int `json:"busiest_second"` // by API, the most calls that arrived within any second of the latest 65,536
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
