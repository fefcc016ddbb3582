//go:build unix

package receive

import (
	"math"
	"syscall"
)

// maxFiles returns the maximum number of open files, 0 if it is unknown.
func maxFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}
