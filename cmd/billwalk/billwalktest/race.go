//go:build race

package billwalktest

// RaceDetector reports whether the tests were built with the race detector.
const RaceDetector = true
