package cli

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain puts the command billwalk, which is this test binary under another
// name, on the PATH of scripts and of tests that need a process of its own.
func TestMain(m *testing.M) {
	setClock()
	testscript.Main(noLeak{m}, map[string]func(){"billwalk": func() { Execute("") }, "billwalk-measured": measuredMain, "billwalk-panics": panicMain, "billwalk-small-disk": smallDiskMain, "billwalk-slow-receiver": slowReceiverMain, "billwalk-senders": sendersMain})
}

// noLeak runs the tests and fails where a goroutine is left behind.
type noLeak struct{ *testing.M }

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
