package cli

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// processName names this process among those of all machines.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// processGone says that a process of this machine does not run any more. Of those
// of other machines it knows nothing. One with this process's own number is an
// earlier one, as in a container that was started again.
func processGone(name string) bool {
	host, number, _ := strings.Cut(name, "/")
	pid, err := strconv.Atoi(number)
	if own, ownErr := os.Hostname(); err != nil || ownErr != nil || own != host {
		return false
	}
	if pid == os.Getpid() {
		return true
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone) || isZombie(number)
}

// isZombie says that a process has ended, and nobody has asked how: on Linux; it
// is false elsewhere.
func isZombie(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat") // pid (name) state …
	_, state, _ := strings.Cut(string(stat[strings.LastIndex(string(stat), ")")+1:]), " ")
	return err == nil && strings.HasPrefix(state, "Z")
}
