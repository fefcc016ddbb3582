package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes; 0 where the system does not say
}

// process is a command to be measured.
type process struct {
	folder  string
	env     []string
	command []string
}

// run runs the process and returns its standard output.
func (p process) run(ctx context.Context) ([]byte, usage, error) {
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Dir, cmd.Env = p.folder, append(os.Environ(), p.env...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	begin := time.Now()
	err := cmd.Run()
	took := usageOf(cmd.ProcessState, time.Since(begin))
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(p.command[:min(3, len(p.command))], " "), err, lastLines(log.String()))
	}
	return out.Bytes(), took, err
}

func usageOf(state *os.ProcessState, wall time.Duration) usage {
	if state == nil { // it did not start
		return usage{}
	}
	return usage{wall, state.UserTime() + state.SystemTime(), peakOf(state)}
}

// lastLines returns the end of a log.
func lastLines(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}
