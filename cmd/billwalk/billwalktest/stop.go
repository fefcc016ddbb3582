package billwalktest

import (
	"time"
)

// StopTime is how long a run may take to end after a signal, and how long tests wait for
// what they expect.
const StopTime = 20 * time.Second
