package bench

import (
	"os"
	"syscall"
)

// peakOf returns the most memory that a process held, in bytes.
func peakOf(state *os.ProcessState) int64 {
	rusage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return rusage.Maxrss << 10
}
