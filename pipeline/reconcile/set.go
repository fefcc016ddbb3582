package reconcile

// set is some groups and settlements of a window that a tier compares together.
type set struct {
	groups      []*group
	settlements []*settlement
}

// whole returns all groups and settlements of the window.
func (w *window) whole() (all set) {
	for i := range w.groups {
		all.groups = append(all.groups, &w.groups[i])
	}
	for i := range w.settlements {
		all.settlements = append(all.settlements, &w.settlements[i])
	}
	return all
}

// splitBy splits a set by a key. The parts are in the order of the first group of each
// key; settlements with a key that no group has are left out.
func splitBy[K comparable](s set, groupKey func(*group) K, settlementKey func(*settlement) K) []set {
	var parts []set
	index := make(map[K]int)
	for _, g := range s.groups {
		key := groupKey(g)
		i, ok := index[key]
		if !ok {
			i = len(parts)
			index[key], parts = i, append(parts, set{})
		}
		parts[i].groups = append(parts[i].groups, g)
	}
	for _, one := range s.settlements {
		if i, ok := index[settlementKey(one)]; ok {
			parts[i].settlements = append(parts[i].settlements, one)
		}
	}
	return parts
}
