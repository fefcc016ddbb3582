package sandbox

// The states of a unit under the fault day-changing.
const (
	stable      = iota
	billMissing // one bill is not listed yet
	billExtra   // one bill is listed that will disappear
)

// countWalk counts the walks of the unit.
func (p *Platform) countWalk(c call) {
	if p.config.Faults.has("day-changing") {
		p.counts.increment(c.unit(p.config.Seed))
	}
}

// unitState returns the unit's state during its latest walk.
func (p *Platform) unitState(c call) int {
	unit := c.unit(p.config.Seed)
	if !p.config.Faults.has("day-changing") || unit%4 != 0 {
		return stable
	}
	switch p.counts.count(unit) {
	case 1:
		return billMissing
	case 2:
		return billExtra
	}
	return stable
}
