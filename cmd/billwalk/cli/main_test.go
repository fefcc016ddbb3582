package cli

import (
	"testing"

	"billwalk/cmd/billwalk/billwalktest"
)

// TestMain puts the command billwalk, which is this test binary under another
// name, on the PATH of scripts and of tests that need a process of its own.
func TestMain(m *testing.M) {
	Clock = billwalktest.Now
	billwalktest.Main(m, Main, map[string]func(){"billwalk": func() { Execute("") }, "billwalk-measured": measuredMain, "billwalk-panics": panicMain})
}
