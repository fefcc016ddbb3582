// Package heap says when the garbage collector of the command works. It imports next to
// nothing, and so is initialised before the packages that make most garbage at the start of a
// process: tables and regular expressions of several megabytes, in libraries.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
)

// limit is where the collector begins to work harder, unless GOMEMLIMIT says otherwise: a run
// keeps within the 512 MiB that deploy/ asks for.
const limit = 400 << 20

// percent lets the collector rest longer than its default of 100, unless GOGC says otherwise:
// below the limit, memory is there to be used. So much more before the first collection, at 24
// MiB, that a short process has none.
const (
	percent = 300
	first   = 600
)

func init() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(first)
		runtime.AddCleanup(new(*int), func(struct{}) { settle() }, struct{}{})
	}
}

// settle is called after the first collection.
func settle() {
	if now := debug.SetGCPercent(percent); now != first { // a verb has chosen another
		debug.SetGCPercent(now)
	}
}
