package billwalktest

import (
	"os"
	"testing"
)

// DeepVariable is an environment variable: set to anything, suites of many similar cases
// run all of them, which takes a quarter of an hour of CPU, and not a sample.
const DeepVariable = "BILLWALK_DEEP"

// Often returns the first value, or the second where DeepVariable is set.
func Often[T any](usually, deep T) T {
	if os.Getenv(DeepVariable) != "" {
		return deep
	}
	return usually
}

// Sample skips case i of many similar ones unless n divides it, or DeepVariable is set.
func Sample(t *testing.T, i, n int) {
	t.Helper()
	if i%Often(n, 1) != 0 {
		t.Skipf("one in %d; all with %s=1", n, DeepVariable)
	}
}
