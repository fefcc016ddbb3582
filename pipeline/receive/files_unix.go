//go:build unix

package receive

import (
	"math"
	"syscall"
)

// mostFiles returns how many files the process may have open; 0 where that is not known.
func mostFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}
