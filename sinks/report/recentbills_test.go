package report

import "testing"

// TestRecentBills: the last half of maxRecent is remembered, and never more than that number.
func TestRecentBills(t *testing.T) {
	t.Parallel()
	var r recentBills
	for id := range uint64(3 * maxRecent) {
		r.add(id)
		if n := len(r.newer) + len(r.older); n > maxRecent {
			t.Fatalf("%d bills are remembered", n)
		}
		if back := min(id, maxRecent/2-1); !r.has(id-back) || r.has(id+1) {
			t.Fatalf("after bill %d: is %d remembered? %t; %d? %t", id, id-back, r.has(id-back), id+1, r.has(id+1))
		}
	}
	if r.has(0) {
		t.Error("the first bill is remembered")
	}
}
