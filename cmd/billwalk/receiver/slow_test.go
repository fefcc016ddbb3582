package receiver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/billwalktest/race"
)

// slowConns is how many connections a hostile sender holds.
func slowConns() int {
	if race.Detector {
		return 500
	}
	return 5000
}

// TestReceiverSlowloris holds thousands of connections that never end their
// request: others are served meanwhile, and the receiver closes all of them.
func TestReceiverSlowloris(t *testing.T) {
	t.Parallel()
	r := startReceiver(t, billwalktest.ReceiverConfig(t, billwalktest.FolderLake(t)))
	r.ready(t)
	var closed sync.WaitGroup
	var answered atomic.Int64
	for range slowConns() {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST /callbacks/settle/trade HTTP/1.1\r\nHost: receiver\r\nContent-Type: appl"); err != nil {
			t.Fatal(err)
		}
		closed.Go(func() {
			defer conn.Close()
			if err := conn.SetReadDeadline(time.Now().Add(billwalktest.StopTime)); err != nil {
				t.Error(err)
			}
			n, err := io.Copy(io.Discard, conn)
			if errors.Is(err, os.ErrDeadlineExceeded) { // a reset closes it, too
				t.Errorf("a connection is still open after %s", billwalktest.StopTime)
			}
			if n > 0 {
				answered.Add(1)
			}
		})
	}
	status, said := r.post(t, "/callbacks/settle/trade", billwalktest.SignedHeader(billwalktest.ReceivedKey(), "n", []byte(billwalktest.SeedCallback)), []byte(billwalktest.SeedCallback))
	if status != http.StatusOK || said != acknowledged {
		t.Errorf("an honest sender is told %d %s", status, said)
	}
	closed.Wait()
	if answered.Load() > 0 {
		t.Errorf("%d connections that sent no request were answered", answered.Load())
	}
	if code := r.end(t, syscall.SIGTERM); code != 143 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
}
