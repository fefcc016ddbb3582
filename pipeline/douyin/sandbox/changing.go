package sandbox

// The states of a unit under the fault day-changing.
const (
	settled = iota
	lacking // a bill is not there yet
	growing // a bill is there that will not stay
)

// beginWalk notes that a unit is walked from its start.
func (p *Platform) beginWalk(c call) {
	if p.config.Faults.has("day-changing") {
		p.memory.again(c.unit(p.config.Seed))
	}
}

// stateOf returns the unit's state during its latest walk.
func (p *Platform) stateOf(c call) int {
	unit := c.unit(p.config.Seed)
	if !p.config.Faults.has("day-changing") || unit%4 != 0 {
		return settled
	}
	switch p.memory.times(unit) {
	case 1:
		return lacking
	case 2:
		return growing
	}
	return settled
}
