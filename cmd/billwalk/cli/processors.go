package cli

import (
	"os"
	"runtime"
	"sync"

	"billwalk/pipeline"
)

// partOfProcessors limits a shard that makes calls to its part of the machine's processors, unless
// GOMAXPROCS says otherwise, until the returned function is called. A process that has little to do
// at a time wakes a thread for each of its processors, over and over, and in vain: eight on two
// processors take a tenth less for a night when each has one.
func partOfProcessors(r *pipeline.Run) (restore func()) {
	part := max(1, runtime.NumCPU()/max(r.Shard.Count, 1))
	if r.Walk.Source == nil || os.Getenv("GOMAXPROCS") != "" || part >= runtime.GOMAXPROCS(0) {
		return func() {}
	}
	runtime.GOMAXPROCS(part)
	return sync.OnceFunc(runtime.SetDefaultGOMAXPROCS)
}
