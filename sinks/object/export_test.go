package object

// What the tests outside the package need to know of it.
const (
	KnownTries       = knownTries
	KnownCap         = knownCap
	MinWriters       = minWriters
	MaxProbeRequests = maxProbeRequests
	ProbeFolder      = probeFolder
	ProbeKey         = probeKey
)

// ProbeWrites is how many writes the races of a probe over a network are.
var ProbeWrites = (overNetwork.creates + overNetwork.swaps) * overNetwork.writers

// Absent reports whether the condition is IfAbsent.
func (c Condition) Absent() bool { return c.absent }

// Matches reports whether the condition is IfMatch.
func (c Condition) Matches() bool { return c.match }

// ETag returns the one of an IfMatch.
func (c Condition) ETag() string { return c.etag }

// Below opens what Open does for a prefix, over a store in memory.
func Below(store Store, prefix string) Store { return prefixed{store, prefix + "/"} }

// InParts makes an S3 store send objects larger than n bytes in parts of n.
func InParts(store Store, n int64) Store {
	if p, ok := store.(prefixed); ok {
		return prefixed{InParts(p.store, n), p.prefix}
	}
	b := *store.(*bucket)
	b.partSize = n
	return &b
}
