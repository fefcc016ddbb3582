//go:build race

// Package race tells tests whether the race detector is at work, with which they take ten times as long.
package race

// Detector reports whether the tests were built with the race detector.
const Detector = true
