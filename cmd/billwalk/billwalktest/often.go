package billwalktest

import (
	"os"
	"testing"
)

// deepVariable, set to anything, has the suites of many alike cases run all of them.
// Without it they run a sample: all of them take a quarter of an hour of CPU.
const DeepVariable = "BILLWALK_DEEP"

// Often is how many alike cases are run: usually, and where all are asked for.
func Often[T any](usually, deep T) T {
	if os.Getenv(DeepVariable) != "" {
		return deep
	}
	return usually
}

// Sample skips all but every nth of many alike cases, unless all are asked for.
func Sample(t *testing.T, i, n int) {
	t.Helper()
	if i%Often(n, 1) != 0 {
		t.Skipf("one in %d; all with %s=1", n, DeepVariable)
	}
}
