package build

import (
	"cmp"
	"hash/maphash"
	"slices"

	"billwalk/schema"
)

// maxFingerprints is how many bills of either side are compared at a time: they take 16 bytes
// each.
const maxFingerprints = 4 << 20

// fingerprint are hashes of a bill: two bills that differ have the same with a probability of
// 1 in 2^64.
type fingerprint struct{ key, values uint64 }

func (f fingerprint) compare(g fingerprint) int {
	return cmp.Or(cmp.Compare(f.key, g.key), cmp.Compare(f.values, g.values))
}

// differingKeys returns the hashes of the keys whose bills are not the same in both lists.
func differingKeys(old, new billReader, columns []string, takes func(key uint64) bool) (map[uint64]bool, error) {
	before, err := fingerprints(old, columns, takes)
	if err != nil {
		return nil, err
	}
	after, err := fingerprints(new, columns, takes)
	if err != nil {
		return nil, err
	}
	keys := make(map[uint64]bool)
	for len(before)+len(after) > 0 {
		order := -1
		switch {
		case len(before) == 0:
			order = +1
		case len(after) > 0:
			order = before[0].compare(after[0])
		}
		if order < 0 {
			keys[before[0].key] = true
		}
		if order > 0 {
			keys[after[0].key] = true
		}
		if order <= 0 {
			before = before[1:]
		}
		if order >= 0 {
			after = after[1:]
		}
	}
	return keys, nil
}

// fingerprints returns the sorted fingerprints of the bills that takes chooses.
func fingerprints(read billReader, columns []string, takes func(key uint64) bool) (all []fingerprint, err error) {
	fields := make([]*schema.Field[schema.Bill], len(columns))
	for i, c := range columns {
		fields[i] = schema.Bills.Column(c)
	}
	var h maphash.Hash
	for b, err := range read(columns...) {
		if err != nil {
			return nil, err
		}
		f := fingerprint{key: hashKey(b)}
		if !takes(f.key) {
			continue
		}
		h.SetSeed(keySeed)
		for _, field := range fields {
			field.Hash(&h, b)
		}
		f.values = h.Sum64()
		all = append(all, f)
	}
	slices.SortFunc(all, fingerprint.compare)
	return all, nil
}

var keySeed = maphash.MakeSeed()

// hashKey returns a hash of a bill's key.
func hashKey(b *schema.Bill) uint64 { return maphash.Comparable(keySeed, b.Key()) }
