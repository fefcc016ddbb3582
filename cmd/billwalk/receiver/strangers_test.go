package receiver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
)

// strangers hold connections of many addresses, and take each that is closed again.
type strangers struct {
	addr    string
	held    atomic.Int64
	stop    context.CancelFunc
	running sync.WaitGroup
}

// strangerPause is between a connection that was closed and the next.
const strangerPause = time.Second

// startStrangers starts so many of them.
func startStrangers(t testing.TB, url string, n int) *strangers {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	_, addr, _ := strings.Cut(url, "://")
	s := &strangers{addr: addr, stop: cancel}
	for i := range n {
		s.running.Go(func() {
			for ctx.Err() == nil {
				s.hold(ctx, i)
				select {
				case <-ctx.Done():
				case <-time.After(strangerPause):
				}
			}
		})
	}
	t.Cleanup(s.end)
	return s
}

func (s *strangers) end() { s.stop(); s.running.Wait() }

// hold connects, says nothing, something or half of it, and waits until it is closed.
func (s *strangers) hold(ctx context.Context, i int) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 1+byte(i>>16), byte(i>>8), byte(i))}}
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		dialer.LocalAddr = nil // not all systems have all of 127.0.0.0/8
		if conn, err = dialer.DialContext(ctx, "tcp", s.addr); err != nil {
			return
		}
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close()
	s.held.Add(1)
	defer s.held.Add(-1)
	says := []string{
		"", "GET /healthz HTTP/1.1\r\nHost: receiver\r\n\r\n", "POST /callbacks/settle/trade HTTP/1.1\r\nHost: rec",
		"POST /callbacks/settle/trade HTTP/1.1\r\nHost: receiver\r\nContent-Length: 700\r\n\r\n{",
	}[i%4]
	_, _ = io.WriteString(conn, says) // that it is refused is what is expected
	_, _ = io.Copy(io.Discard, conn)
}

// settled waits until the receiver has so many connections.
func (r *receiving) settled(t testing.TB, least int) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		var open float64
		for line := range strings.Lines(r.get(t, r.metrics)) {
			if text, ok := strings.CutPrefix(line, "billwalk_callbacks_connections "); ok {
				_, _ = fmt.Sscan(text, &open) // 0 is waited out
			}
		}
		if int(open) >= least {
			return
		}
		if time.Since(began) > 2*billwalktest.StopTime {
			t.Fatalf("%v connections are open, want %d", open, least)
		}
	}
}

// honest posts callbacks one after the other, each over a connection of its own, and returns
// how long each took.
func (r *receiving) honest(t testing.TB, first, n int) (took []time.Duration) {
	t.Helper()
	for i := range n {
		c := newPosted(first + i)
		c.write(billwalktest.Now())
		began := time.Now()
		if status, err := c.post(r.client, r.url); status != http.StatusOK {
			t.Errorf("honest callback %d is answered with %d, %v", i, status, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took
}

// percentile returns the time within which so many percent were answered.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}

// TestReceiverStrangers: while strangers hold all connections that they can get, each
// signed callback is acknowledged at its first try, and the probes are answered; 10,000 of
// them with BILLWALK_DEEP=1.
func TestReceiverStrangers(t *testing.T) {
	t.Parallel()
	n := billwalktest.Often(600, 10_000)
	r := startReceiver(t, billwalktest.ReceiverConfig(t, billwalktest.FolderLake(t)))
	r.ready(t)
	crowd := startStrangers(t, r.url, n)
	r.settled(t, min(n, 8192)/2) // a quarter is refused and has to come again
	took := r.honest(t, 0, billwalktest.Often(50, 500))
	r.ready(t)
	t.Logf("%d strangers: half of the honest callbacks are answered within %s, 99 of 100 within %s", n, percentile(took, 50), percentile(took, 99))
	crowd.end() // or half a request holds up the end
	if code := r.end(t, syscall.SIGTERM); code != 143 {
		t.Errorf("exit %d\n%s", code, r.log.String())
	}
	if lines := strings.Count(r.log.String(), "\n"); lines > 200 {
		t.Errorf("the log has %d lines", lines)
	}
}

// BenchmarkReceiverStrangers: how long an honest callback takes, without strangers and with.
//
//	BILLWALK_DEEP=1 go test ./cmd/billwalk/receiver -run '^$' -bench ReceiverStrangers -benchtime 1000x
func BenchmarkReceiverStrangers(b *testing.B) {
	for _, n := range []int{0, 1000, billwalktest.Often(2000, 10_000)} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := startReceiverOf(b, "billwalk", billwalktest.ReceiverConfig(b, billwalktest.FolderLake(b)))
			r.ready(b)
			startStrangers(b, r.url, n)
			r.settled(b, min(n, 8192)/2)
			b.ResetTimer()
			took := r.honest(b, 0, b.N)
			b.ReportMetric(float64(percentile(took, 50).Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(percentile(took, 99).Microseconds())/1000, "p99-ms")
		})
	}
}
