package cli

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// A process of this machine is known to be gone once it has ended; of another
// machine's, and of a name that is none, nothing is known.
func TestProcessGone(t *testing.T) {
	t.Parallel()
	host, _, _ := strings.Cut(processName(), "/")
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	name := host + "/" + strconv.Itoa(child.Process.Pid)
	if processGone(name) {
		t.Error("it runs")
	}
	_ = child.Process.Kill()
	if runtime.GOOS == "linux" { // it has ended at once, or soon, and is not waited for yet
		for !processGone(name) {
			runtime.Gosched()
		}
	}
	_ = child.Wait()
	for name, want := range map[string]bool{
		name:                                    true,
		processName():                           true, // of an earlier process with this number
		host + "/" + strconv.Itoa(os.Getppid()): false,
		"elsewhere/" + strconv.Itoa(child.Process.Pid): false,
		host:        false,
		host + "/x": false,
		"":          false,
	} {
		if got := processGone(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
