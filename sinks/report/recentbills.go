package report

// maxRecent is how many bills are remembered at most, by 38 bytes each: those of all days would
// take more memory than the rest of a report.
const maxRecent = 1 << 20

// recentBills remembers the bills that were added last, at least half as many as maxRecent.
type recentBills struct{ newer, older map[uint64]struct{} }

func (r *recentBills) add(id uint64) {
	if r.newer == nil || len(r.newer) >= maxRecent/2 {
		r.newer, r.older = make(map[uint64]struct{}), r.newer
	}
	r.newer[id] = struct{}{}
}

func (r *recentBills) has(id uint64) bool {
	_, newer := r.newer[id]
	_, older := r.older[id]
	return newer || older
}
