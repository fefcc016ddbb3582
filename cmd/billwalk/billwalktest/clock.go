package billwalktest

import (
	"os"
	"time"

	"billwalk/schema"
)

// The tests have a clock of their own, so that nothing they expect depends on the
// day they run on: it stands at dawnOfTests when they begin, and goes on from there.
// Processes that they start take it from the environment. What runs in a bubble of
// testing/synctest has that one's clock.
var dawnOfTests = time.Date(2026, 11, 26, 10, 0, 0, 0, schema.China)

// ClockVariable says how far the clock is ahead of the machine's, or at what time it
// begins in each process.
const ClockVariable = "BILLWALK_TEST_CLOCK"

// ahead is how far the tests' clock is ahead of the machine's.
var ahead = setClock()

// Now is the tests' clock.
func Now() time.Time { return time.Now().Add(ahead) }

func setClock() time.Duration {
	text := os.Getenv(ClockVariable)
	if text == "" {
		text = time.Until(dawnOfTests).String()
		if err := os.Setenv(ClockVariable, text); err != nil {
			panic(err)
		}
	}
	ahead, err := time.ParseDuration(text)
	if err != nil {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			panic(err)
		}
		ahead = time.Until(at)
	}
	return ahead
}
