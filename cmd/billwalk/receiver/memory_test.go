package receiver

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/sinks/object/objecttest"
)

const (
	steadyConns = 600
	steadyRate  = 3000 // requests per second
	mostGrowth  = 1.5  // of peak memory, from a load's first part to its last
)

// BenchmarkReceiveMemory has the built program receive under a steady load, over
// a bucket that takes 40 ms for each PUT, and prints its memory over time: it must
// not grow.
//
//	BILLWALK_LOAD=10m go test ./cmd/billwalk/receiver -run '^$' -bench ReceiveMemory -benchtime 1x -timeout 30m
func BenchmarkReceiveMemory(b *testing.B) {
	load := 20 * time.Second
	if text := os.Getenv("BILLWALK_LOAD"); text != "" {
		var err error
		if load, err = time.ParseDuration(text); err != nil {
			b.Fatalf("BILLWALK_LOAD: %v", err)
		}
	}
	bucket := newSlowBucket(b)
	binary := billwalktest.Build(b)
	for b.Loop() {
		r := startReceiverOf(b, binary, billwalktest.ReceiverConfig(b, bucket.place), "--trusted-proxies", "127.0.0.1")
		r.ready(b)
		senders := beside(b, 1, "billwalk-senders")
		senders.hears(b, sending{
			Addr: strings.TrimPrefix(r.url, "http://"), Conns: steadyConns, Time: load, Every: steadyConns * time.Second / steadyRate,
		})
		seen := r.sample(b, load)
		var sent loadReport
		senders.says(b, &sent)
		if code := r.end(b, syscall.SIGTERM); code != 143 || sent.Acknowledged == 0 || sent.Refused > 0 {
			b.Fatalf("exit %d, %+v\n%s", code, sent, r.log.String())
		}
		b.ReportMetric(float64(sent.Acknowledged)/load.Seconds(), "acks/s")
		b.ReportMetric(sent.P99, "p99-ms")
		b.ReportMetric(float64(bucket.puts.Load()), "PUTs")
		checkSteady(b, seen)
	}
}

// slowBucket is a bucket that takes 40 ms to store a batch of callbacks, and keeps
// none of them.
type slowBucket struct {
	place billwalktest.Place
	puts  atomic.Int64
}

func newSlowBucket(b *testing.B) *slowBucket {
	s3 := objecttest.StartS3(b)
	target, err := url.Parse(s3.Endpoint)
	if err != nil {
		b.Fatal(err)
	}
	s := &slowBucket{place: billwalktest.BucketLake(s3, "steady")}
	through := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodPut || !strings.Contains(q.URL.Path, "/archive/callbacks/") {
			through.ServeHTTP(w, q)
			return
		}
		_, _ = io.Copy(io.Discard, q.Body) // what is cut off is the program's to notice
		time.Sleep(slowestPut)
		s.puts.Add(1)
		w.Header().Set("ETag", `"stored"`)
	}))
	b.Cleanup(server.Close)
	s.place.Options.Endpoint = server.URL
	return s
}

// sampled is what a process took at a time.
type sampled struct {
	at         time.Duration // since the load began
	memory     float64       // MiB, resident
	goroutines float64
}

// sample asks the receiver's metrics each second, until the load ends.
func (r *receiving) sample(b *testing.B, load time.Duration) (seen []sampled) {
	b.Helper()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < load; <-tick.C {
		s := sampled{at: time.Since(began)}
		for lines := bufio.NewScanner(strings.NewReader(r.get(b, r.metrics))); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), " ")
			switch name {
			case "process_resident_memory_bytes":
				_, _ = fmt.Sscan(value, &s.memory) // 0 is noticed
				s.memory /= 1 << 20
			case "go_goroutines":
				_, _ = fmt.Sscan(value, &s.goroutines)
			}
		}
		seen = append(seen, s)
	}
	return seen
}

// checkSteady compares the peaks of the first and the last minute, or of the first
// and last quarter of a shorter load; what comes before the first is warming up.
func checkSteady(b *testing.B, seen []sampled) {
	b.Helper()
	load := seen[len(seen)-1].at
	part := min(load/4, time.Minute)
	peak := func(from time.Duration) (most sampled) {
		for _, s := range seen {
			if s.at >= from && s.at <= from+part {
				most.memory, most.goroutines = max(most.memory, s.memory), max(most.goroutines, s.goroutines)
			}
		}
		return most
	}
	for from := time.Duration(0); from+part <= load; from += part {
		p := peak(from)
		b.Logf("from %s: at most %.1f MiB, %.0f goroutines", from.Round(time.Second), p.memory, p.goroutines)
	}
	first, last := peak(part/2), peak(load-part)
	b.ReportMetric(first.memory, "first-MiB")
	b.ReportMetric(last.memory, "last-MiB")
	b.ReportMetric(last.goroutines, "last-goroutines")
	if first.memory == 0 || last.memory > mostGrowth*first.memory || last.goroutines > mostGrowth*first.goroutines {
		b.Errorf("it does not stand still: at first %.1f MiB and %.0f goroutines, at last %.1f and %.0f", first.memory, first.goroutines, last.memory, last.goroutines)
	}
}
