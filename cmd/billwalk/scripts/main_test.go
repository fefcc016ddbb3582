package scripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"billwalk/schema"
)

// program is the folder of billwalk. It is the test binary of package cli, which
// under this name is the program itself, but for its clock.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if program, err = os.MkdirTemp("", "billwalk-scripts"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(program)
	args := []string{"test", "-c", "-o", filepath.Join(program, "billwalk")}
	if raceDetector() {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "../cli")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go test -c: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// ownDay is when the scripts are told that do not say when.
var ownDay = time.Date(2026, 11, 26, 10, 0, 0, 0, schema.China)

// clockAhead is the environment of a program whose clock is so far ahead of this
// machine's; clockFrom is that of one whose clock begins at a time.
func clockAhead(d time.Duration) string { return "BILLWALK_TEST_CLOCK=" + d.String() }

func clockFrom(at time.Time) string { return "BILLWALK_TEST_CLOCK=" + at.UTC().Format(time.RFC3339) }

func ahead(d time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(d) }
}
