package billwalktest

import (
	"os"
	"time"

	"billwalk/schema"
)

// firstMoment is what the tests' clock shows when they begin, so that nothing depends on
// the day they run on. Processes that they start take the clock from the environment;
// what runs in a bubble of testing/synctest has the bubble's.
var firstMoment = time.Date(2026, 11, 26, 10, 0, 0, 0, schema.China)

// ClockVariable is an environment variable: how far the clock is ahead of the machine's,
// as a duration, or the time at which it begins in each process.
const ClockVariable = "BILLWALK_TEST_CLOCK"

// ahead is how far the tests' clock is ahead of the machine's.
var ahead = setClock()

// Now returns the time of the tests' clock.
func Now() time.Time { return time.Now().Add(ahead) }

// setClock reads the clock's offset from the environment, or sets it for child processes.
func setClock() time.Duration {
	text := os.Getenv(ClockVariable)
	if text == "" {
		text = time.Until(firstMoment).String()
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
