package billwalktest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// Main runs the tests of a package, and exits. The command line is the program's
// Main. The test binary is also each of the commands, which are on the PATH of its tests.
func Main(m *testing.M, program func(args []string, out, errOut io.Writer) int, commands map[string]func()) {
	CommandLine = program
	testscript.Main(noLeak{m}, commands)
}

// noLeak runs the tests and fails where a goroutine is left behind.
type noLeak struct{ *testing.M }

// Run runs the tests and returns the exit code.
func (m noLeak) Run() int {
	// The tests wait for answers more than they compute: -parallel still overrides this.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err) // the flag is there
	}
	code := m.M.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "after all tests:", err)
		return 1
	}
	return code
}
