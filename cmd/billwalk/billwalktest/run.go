package billwalktest

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"billwalk/pipeline"
)

// Build builds the program, with the flags of go build.
func Build(t testing.TB, flags ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "billwalk")
	args := append(append([]string{"build", "-o", binary}, flags...), "billwalk/cmd/billwalk")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// Command runs a program with variables added to the environment, and returns its exit
// code and all that it printed.
func Command(t *testing.T, env []string, name string, args ...string) (code int, said string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), text.String()
}

// CommandLine is the program's Main, which TestMain provides.
var CommandLine func(args []string, out, errOut io.Writer) int

// ExitUsage is the exit code of a wrong command line or file.
const ExitUsage = 2

// Run runs the command line in this process and returns its summary and its log.
func Run(t testing.TB, config string, args ...string) (pipeline.Summary, string) {
	t.Helper()
	var out, log bytes.Buffer
	code := CommandLine(append([]string{"--config", config, "--output", "json"}, args...), &out, &log)
	var s pipeline.Summary
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatalf("billwalk %s: exit %d, no summary: %v\n%s%s", strings.Join(args, " "), code, err, out.String(), log.String())
	}
	if s.ExitCode != code {
		t.Errorf("billwalk %s: exit %d, the summary says %d", strings.Join(args, " "), code, s.ExitCode)
	}
	return s, log.String()
}
