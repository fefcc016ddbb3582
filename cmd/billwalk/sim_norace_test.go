//go:build !race

package main

const (
	raceDetector = false
	usualSeeds   = 1000 // simulated where nobody says how many
)
