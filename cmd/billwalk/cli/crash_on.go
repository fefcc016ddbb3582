//go:build crash

package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// A build with -tags crash counts its remote operations, which are the HTTP round
// trips to the store and to the platform, and dies by SIGKILL at one of them:
//
//	BILLWALK_CRASH_AT=k      before operation k is sent
//	BILLWALK_CRASH_AFTER=k   when the answer to k was read whole: k was applied, and the program never knows
//	BILLWALK_CRASH_TRACE=f   the file to which each operation is appended before it is sent, as "k METHOD host/path"
var crash = struct {
	at, after  int64
	mu         sync.Mutex
	operations int64
	trace      io.Writer
}{at: crashPoint("BILLWALK_CRASH_AT"), after: crashPoint("BILLWALK_CRASH_AFTER"), trace: crashTrace(os.Getenv("BILLWALK_CRASH_TRACE"))}

// crashPoint reads the number of an operation, from 1; 0 where none is named.
func crashPoint(name string) int64 {
	value := os.Getenv(name)
	if value == "" {
		return 0
	}
	k, err := strconv.ParseInt(value, 10, 64)
	if err != nil || k < 1 {
		panic(fmt.Sprintf("%s=%s: want the number of an operation, from 1", name, value))
	}
	return k
}

func crashTrace(path string) io.Writer {
	if path == "" {
		return io.Discard
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	return file
}

func transport(base http.RoundTripper) http.RoundTripper { return crashing{base} }

// crashing counts what passes it, and dies when it is time.
type crashing struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (c crashing) RoundTrip(r *http.Request) (*http.Response, error) {
	k := begin(r)
	answer, err := c.RoundTripper.RoundTrip(r)
	if k != crash.after {
		return answer, err
	}
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	if err != nil {
		panic(fmt.Sprintf("operation %d was to be answered: %v", k, err))
	}
	die()
	return nil, nil
}

// begin gives an operation its number. None is sent after the one to die at.
func begin(r *http.Request) int64 {
	crash.mu.Lock()
	defer crash.mu.Unlock()
	crash.operations++
	if _, err := fmt.Fprintf(crash.trace, "%d %s %s%s\n", crash.operations, r.Method, r.URL.Host, r.URL.Path); err != nil {
		panic(err)
	}
	if crash.operations == crash.at {
		die()
	}
	return crash.operations
}

// die ends the process as kill -9 does, and does not return.
func die() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}
