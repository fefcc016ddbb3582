//go:build race

package billwalktest

const RaceDetector = true
