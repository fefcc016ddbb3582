package billwalktest

import (
	"time"
)

// StopTime is how long a run may take to end once it is told to, and these
// tests to see what they wait for.
const StopTime = 20 * time.Second
