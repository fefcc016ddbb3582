package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestSettles: the first collection ends the long rest before it.
func TestSettles(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC says otherwise")
	}
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		runtime.GC()
		now := debug.SetGCPercent(first)
		if now == percent {
			break
		}
		if now != first || time.Now().After(deadline) {
			t.Fatalf("GOGC is %d after a collection, want %d", now, percent)
		}
	}
	debug.SetGCPercent(400)
	settle()
	if now := debug.SetGCPercent(percent); now != 400 {
		t.Errorf("GOGC is %d where a verb has set 400", now)
	}
}
