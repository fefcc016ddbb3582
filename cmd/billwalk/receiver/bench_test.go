package receiver

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/jobs"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

const (
	loadTime    = 6 * time.Second
	loadConns   = 1200 // more than are answered within the time that a batch takes
	slowestPut  = 40 * time.Millisecond
	loadSamples = 40_000 // requests: none is sent twice, for the second would not be stored
)

// BenchmarkReceive: how many callbacks a second the verb acknowledges, over
// loopback, with a store that takes 40 ms for each PUT; against how many
// signatures its cores verify where there is nothing else to do. Receiver and
// senders are processes of their own, each with a core of its own where there is
// a taskset command.
//
//	go test ./cmd/billwalk/receiver -run '^$' -bench Receive -benchtime 1x
func BenchmarkReceive(b *testing.B) {
	receiver := beside(b, 0, "billwalk-slow-receiver", billwalktest.ReceiverConfig(b, billwalktest.FolderLake(b)))
	var alone struct{ Verified float64 }
	receiver.says(b, &alone)
	var at struct{ URL string }
	receiver.says(b, &at)
	for b.Loop() {
		senders := beside(b, 1, "billwalk-senders")
		senders.hears(b, sending{Addr: strings.TrimPrefix(at.URL, "http://"), Requests: signedSamples(), Conns: loadConns, Time: loadTime})
		var load loadReport
		senders.says(b, &load)
		if load.Acknowledged == 0 || load.Refused > 0 {
			b.Fatalf("%+v", load)
		}
		rate := float64(load.Acknowledged) / load.Seconds
		b.ReportMetric(rate, "acks/s")
		b.ReportMetric(alone.Verified, "verified/s-alone")
		b.ReportMetric(100*rate/alone.Verified, "%-of-alone")
		b.ReportMetric(load.P50, "p50-ms")
		b.ReportMetric(load.P99, "p99-ms")
		b.ReportMetric(load.Max, "max-ms")
	}
	if err := receiver.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	var stored struct{ Puts int64 }
	receiver.says(b, &stored)
	b.ReportMetric(float64(stored.Puts), "PUTs")
}

// besides is a process beside the benchmark's own, which says JSON, line by line.
type besides struct {
	*exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// beside starts one of the test binary's commands, on a core of its own if it can.
func beside(b *testing.B, core int, command ...string) *besides {
	b.Helper()
	if _, err := exec.LookPath("taskset"); err == nil {
		command = append([]string{"taskset", "-c", strconv.Itoa(core)}, command...)
	} else {
		b.Log("there is no taskset: receiver and senders share all cores")
	}
	p := &besides{Cmd: exec.Command(command[0], command[1:]...)}
	p.Stderr = b.Output()
	in, err := p.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	p.in, p.out = in, json.NewDecoder(out)
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() }) // both fail where it has ended
	return p
}

func (p *besides) says(b *testing.B, what any) {
	b.Helper()
	if err := p.out.Decode(what); err != nil {
		b.Fatalf("%s: %v", p, err)
	}
}

func (p *besides) hears(b *testing.B, what any) {
	b.Helper()
	if err := json.NewEncoder(p.in).Encode(what); err != nil {
		b.Fatal(err)
	}
}

// slowReceiverMain is the verb receive over a store that takes its time, and keeps
// nothing. Before, it says how fast signatures alone are verified; at the end,
// how many PUTs there were.
func slowReceiverMain() {
	says := json.NewEncoder(os.Stdout)
	_ = says.Encode(map[string]float64{"verified": verifiedAlone()})
	store := &slowStore{Store: objecttest.NewMem()}
	p := cli.Setup{Now: billwalktest.Now, Out: os.Stdout, Err: os.Stderr, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Store: store}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	file, err := jobs.Load(os.Args[1], os.LookupEnv)
	if err != nil {
		panic(err)
	}
	if err := p.Receive(ctx, file, "127.0.0.1:0", "127.0.0.1:0", []string{"127.0.0.1"}); err != nil && ctx.Err() == nil {
		panic(err)
	}
	_ = says.Encode(map[string]int64{"puts": store.puts.Load()})
}

type slowStore struct {
	object.Store
	puts atomic.Int64
}

func (s *slowStore) Put(_ context.Context, key string, _ io.ReadSeeker, _ object.Condition, _ map[string]string) (object.Info, error) {
	time.Sleep(slowestPut)
	s.puts.Add(1)
	return object.Info{Key: key}, nil
}

// verifiedAlone returns how many signatures a second all cores of this process
// verify when that is all they do.
func verifiedAlone() float64 {
	key := billwalktest.ReceivedKey()
	digest := sha256.Sum256([]byte(billwalktest.SeedCallback))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	verify := func(n *testing.PB) {
		for n.Next() {
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				panic(err)
			}
		}
	}
	alone := testing.Benchmark(func(b *testing.B) { b.RunParallel(verify) })
	return float64(alone.N) / alone.T.Seconds()
}

// signedSamples are whole requests as they go over the wire. To sign them takes a while.
func signedSamples() []string {
	requests := make([]string, loadSamples)
	var signing errgroup.Group
	signing.SetLimit(runtime.GOMAXPROCS(0))
	for i := range requests {
		signing.Go(func() error {
			body := []byte(strings.Replace(billwalktest.SeedCallback, "ot7057416814925531429", fmt.Sprintf("ot7057416814925%06d", i), 1))
			requests[i] = string(billwalktest.OverWire("/callbacks/settle/trade", billwalktest.SignedHeader(billwalktest.ReceivedKey(), fmt.Sprintf("nonce%06d", i), body), body))
			return nil
		})
	}
	_ = signing.Wait() // without an error
	return requests
}

// sending is what senders do: send the requests, each once, over so many connections that
// wait for their answers.
type sending struct {
	Addr     string
	Requests []string // none: old callbacks, whose signatures cost next to nothing, without end
	Conns    int
	Time     time.Duration // after a second that does not count
	Every    time.Duration // that a connection sends; 0: as soon as it is answered
}

// loadReport is what senders saw; the times are milliseconds.
type loadReport struct {
	Acknowledged, Refused int
	Seconds               float64 // until the last was acknowledged
	P50, P99, Max         float64
}

// sendersMain sends what its standard input says, and reports. It has to cost little: its parsing
// is minimal.
func sendersMain() {
	var s sending
	if err := json.NewDecoder(os.Stdin).Decode(&s); err != nil {
		panic(err)
	}
	var report loadReport
	var took []time.Duration
	var last time.Time
	var mu sync.Mutex
	var all sync.WaitGroup
	warm := time.Now().Add(time.Second)
	for i := range s.Conns {
		all.Go(func() {
			own, ended, refused := s.send(i, warm, warm.Add(s.Time))
			mu.Lock()
			defer mu.Unlock()
			took, report.Refused = append(took, own...), report.Refused+refused
			if ended.After(last) {
				last = ended
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(int(share*float64(len(took))), len(took)-1)].Microseconds()) / 1000
	}
	report.Seconds = last.Sub(warm).Seconds()
	report.Acknowledged, report.P50, report.P99, report.Max = len(took), at(.5), at(.99), at(1)
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		panic(err)
	}
}

// request returns the request of a number, or "" where there is none.
func (s *sending) request(i int) string {
	switch {
	case i < len(s.Requests):
		return s.Requests[i]
	case len(s.Requests) > 0:
		return ""
	}
	body := legacyBody(strings.Replace(seedLegacy, "7050000000000000402", fmt.Sprintf("705000%013d", i), 1))
	return string(billwalktest.OverWire("/callbacks/settle/trade", http.Header{}, body))
}

// send sends requests over one connection, and returns how long those took that
// were acknowledged between the two times, and when the last was.
func (s *sending) send(first int, from, to time.Time) (took []time.Duration, ended time.Time, refused int) {
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	const acknowledged, headerEnd, body = "HTTP/1.1 200 ", "\r\n\r\n", `{"err_no":0,"err_tips":"success"}`
	answer := make([]byte, 1024)
	next := time.Now().Add(s.Every * time.Duration(first) / time.Duration(s.Conns)) // not all at once
	for i := first; ; i += s.Conns {
		time.Sleep(time.Until(next))
		next = next.Add(s.Every)
		request := s.request(i)
		began := time.Now()
		if began.After(to) || request == "" {
			return took, ended, refused
		}
		if _, err := io.WriteString(conn, request); err != nil {
			panic(err)
		}
		n, err := conn.Read(answer) // one segment
		if err != nil {
			panic(err)
		}
		switch said := string(answer[:n]); {
		case !strings.HasPrefix(said, acknowledged) || !strings.HasSuffix(said, headerEnd+body):
			refused++
		case began.After(from):
			ended = time.Now()
			took = append(took, ended.Sub(began))
		}
	}
}
