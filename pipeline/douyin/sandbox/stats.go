package sandbox

import (
	"maps"
	"slices"
	"time"
)

// Stats counts calls, answers and faults since the platform was created.
type Stats struct {
	Calls   map[string]int `json:"calls"`          // by API
	Codes   map[string]int `json:"codes"`          // answers by "API code"; code 0 is success
	Faults  map[string]int `json:"faults"`         // by the fault's name, the calls that met it
	Busiest map[string]int `json:"busiest_second"` // by API, the most calls within any second, of the latest 65,536 calls
}

// Requests returns the latest calls, at most 65,536, in the order of their arrival.
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
	for key, n := range t.faults {
		stats.Faults[key.fault] += n
	}
	for _, api := range apis {
		stats.Busiest[api] = busiestSecond(requests, api)
	}
	return stats
}

// busiestSecond returns the maximum number of the API's calls within any second.
func busiestSecond(requests []Request, api string) int {
	var arrivals []time.Time
	for _, request := range requests {
		if request.API == api {
			arrivals = append(arrivals, request.At)
		}
	}
	slices.SortFunc(arrivals, time.Time.Compare) // two that arrive together may be recorded in either order
	busiest, first := 0, 0
	for last, at := range arrivals {
		for at.Sub(arrivals[first]) >= time.Second {
			first++
		}
		busiest = max(busiest, last-first+1)
	}
	return busiest
}
