package normalise

import "hash/maphash"

// Fingerprint is a hash that is the same for equal data, and different for different data but
// with a probability of 2^-128. It is of this process alone.
type Fingerprint [2]uint64

var fingerprintSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// FingerprintOf returns the fingerprint of data.
func FingerprintOf(data []byte) Fingerprint {
	return Fingerprint{maphash.Bytes(fingerprintSeeds[0], data), maphash.Bytes(fingerprintSeeds[1], data)}
}
