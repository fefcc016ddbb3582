//go:build !race

package race

// Detector reports whether the tests were built with the race detector.
const Detector = false
