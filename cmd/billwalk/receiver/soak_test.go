package receiver

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/receive"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
)

const (
	soakVariable  = "BILLWALK_SOAK" // how long, such as 30s or 1h
	soakUsually   = 5 * time.Second
	soakStrangers = 300
	soakSenders   = 6                     // of each kind; of honest ones four times as many
	soakEvery     = 20 * time.Millisecond // that a sender sends, at most: the load is bounded
	soakHeap      = 8 << 20               // bytes that the heap may grow by, and by half: the memory of repeats has a bound
)

// TestReceiverSoak has strangers, forgers, repeaters and honest senders at a receiver, all
// at once: each callback that was acknowledged is in the archive, once; nothing else is; and
// the heap does not grow from a third of the time to the next. What it takes to answer
// honest ones is logged, and not judged.
//
//	BILLWALK_SOAK=1h go test ./cmd/billwalk/receiver -run '^TestReceiverSoak$' -v -timeout 2h
func TestReceiverSoak(t *testing.T) {
	length := soakUsually
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", soakVariable, err)
		}
	}
	s := newSoak(t)
	crowd := startStrangers(t, s.url, soakStrangers)
	stop := s.send(t)
	var heaps []uint64
	for range 3 {
		time.Sleep(length / 3) // it is real time that is soaked in
		heaps = append(heaps, s.heap())
	}
	stop()
	crowd.end()
	s.end()
	t.Logf("%s: %d honest callbacks, %d repeats, %d forgeries, %d signed ones for quarantine; half of the honest ones within %s, 99 of 100 within %s; heap %d KiB",
		length, s.honest.Load(), s.repeated.Load(), s.forged.Load(), s.apart.Load(), percentile(s.latencies(), 50), percentile(s.latencies(), 99), kib(heaps))
	if s.honest.Load() < 20 || s.repeated.Load() < 20 || s.forged.Load() < 20 || s.apart.Load() < 20 {
		t.Error("hardly any load: nothing was tested")
	}
	if first, last := heaps[0], heaps[2]; last > first+first/2+soakHeap {
		t.Errorf("the heap grows: %d KiB", kib(heaps))
	}
	s.check(t)
}

func kib(bytes []uint64) (all []uint64) {
	for _, b := range bytes {
		all = append(all, b>>10)
	}
	return all
}

// soak is a receiver in this process, and what was sent to it.
type soak struct {
	url, lake string
	client    *http.Client
	end       func()
	began     schema.Day
	gate      sync.RWMutex // held while something is sent; whoever measures closes it
	foreign   *rsa.PrivateKey

	next                            atomic.Int64 // number of the next honest callback
	honest, repeated, forged, apart atomic.Int64 // that had their answer

	mu     sync.Mutex
	recent []*posted       // acknowledged, to be repeated: the last 512
	took   []time.Duration // a sample of 16,384 honest ones
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	place := billwalktest.FolderLake(t)
	file, err := jobs.Load(billwalktest.ReceiverConfig(t, place), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{lake: place.URL, began: schema.DayOf(billwalktest.Now()), took: make([]time.Duration, 0, 1<<14), recent: make([]*posted, 0, 512)}
	if s.foreign, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	store, err := object.Open(t.Context(), place.URL, place.Options)
	if err != nil {
		t.Fatal(err)
	}
	p := cli.Setup{Now: billwalktest.Now, Store: store}
	ctx, cancel := context.WithCancelCause(context.Background())
	config, err := p.Receiver(ctx, file, cancel)
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := receive.New(config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + listener.Addr().String()
	s.client = &http.Client{Timeout: billwalktest.StopTime, Transport: &http.Transport{MaxIdleConnsPerHost: 8 * soakSenders}}
	served := make(chan error, 1)
	go func() { served <- receiver.Serve(ctx, listener) }()
	s.end = sync.OnceFunc(func() { cancel(nil); s.client.CloseIdleConnections(); <-served })
	t.Cleanup(s.end)
	awaitReady(t, receiver)
	return s
}

// awaitReady waits until the receiver has probed its store. Until then it answers with 503.
func awaitReady(t *testing.T, r *receive.Receiver) {
	t.Helper()
	probe := r.Probe()
	for began := time.Now(); ; runtime.Gosched() {
		answer := httptest.NewRecorder()
		probe.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if answer.Code == http.StatusOK {
			return
		}
		if time.Since(began) > billwalktest.StopTime {
			t.Fatalf("it is not ready: %s", answer.Body)
		}
	}
}

// send has all senders send until the returned function is called.
func (s *soak) send(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	honest := s.sendHonest
	for _, one := range []func(*testing.T){honest, honest, honest, honest, s.sendAgain, s.sendForged, s.sendApart} {
		for range soakSenders {
			running.Go(func() {
				tick := time.NewTicker(soakEvery)
				defer tick.Stop()
				for ctx.Err() == nil && !t.Failed() {
					s.gate.RLock()
					one(t)
					s.gate.RUnlock()
					<-tick.C
				}
			})
		}
	}
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

// sendHonest sends a new callback as the platform does: until it is acknowledged.
func (s *soak) sendHonest(t *testing.T) {
	c := newPosted(int(s.next.Add(1) - 1))
	c.write(billwalktest.Now())
	began := time.Now()
	for try := 0; ; try++ {
		status, err := c.post(s.client, s.url)
		if status == http.StatusOK {
			break
		}
		if try > 20 {
			t.Errorf("honest callback %d is given up: %d, %v", c.n, status, err)
			return
		}
	}
	s.honest.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.recent) < cap(s.recent) {
		s.recent = append(s.recent, c)
	} else {
		s.recent[mathrand.IntN(len(s.recent))] = c
	}
	if len(s.took) < cap(s.took) {
		s.took = append(s.took, time.Since(began))
	} else if i := mathrand.Int64N(s.honest.Load()); i < int64(len(s.took)) {
		s.took[i] = time.Since(began)
	}
}

// sendAgain repeats what was acknowledged.
func (s *soak) sendAgain(t *testing.T) {
	s.mu.Lock()
	if len(s.recent) == 0 {
		s.mu.Unlock()
		return
	}
	c := s.recent[mathrand.IntN(len(s.recent))]
	s.mu.Unlock()
	if status, err := c.post(s.client, s.url); status == http.StatusOK {
		s.repeated.Add(1)
	} else if err == nil {
		t.Errorf("a repeated callback is answered with %d", status)
	}
}

// sendForged sends what no platform signed, and wants it refused.
func (s *soak) sendForged(t *testing.T) {
	c := newPosted(math.MaxInt32)
	c.write(billwalktest.Now())
	switch n := mathrand.IntN(5); n {
	case 0:
		c.header = billwalktest.SignedHeader(s.foreign, c.nonce, c.body)
	case 1:
		c.header.Set("Byte-Nonce-Str", "another")
	case 2:
		c.body = bytes.Replace(c.body, []byte("SUCCESS"), []byte("FAIL"), 1)
	case 3:
		signature := make([]byte, 256)
		_, _ = rand.Read(signature) // never an error
		c.header.Set("Byte-Signature", base64.StdEncoding.EncodeToString(signature))
	case 4:
		c.header, c.body = http.Header{}, bytes.Replace(legacyBody(seedLegacy), []byte("SUCCESS"), []byte("FAIL"), 1)
	}
	if status, err := c.post(s.client, s.url); status == http.StatusUnauthorized {
		s.forged.Add(1)
	} else if err == nil {
		t.Errorf("a forgery is answered with %d: %+v %s", status, c.header, c.body)
	}
}

// sendApart sends what the platform signs and is none of the app's settlements.
func (s *soak) sendApart(t *testing.T) {
	c := newPosted(math.MaxInt32)
	c.write(billwalktest.Now())
	changes := [][2]string{{`trade-key`, "ttanother"}, {`"type":"settle"`, `"type":"refund"`}, {`"type" : "\u0073ettle"`, `"type":"payment"`}, {`\"rake\"`, `\"refund_id\":\"1\",\"rake\"`}}
	change := changes[mathrand.IntN(len(changes))]
	if !bytes.Contains(c.body, []byte(change[0])) {
		return
	}
	c.body = bytes.Replace(c.body, []byte(change[0]), []byte(change[1]), 1)
	c.header = billwalktest.SignedHeader(billwalktest.ReceivedKey(), fmt.Sprintf("apart%d", mathrand.Uint64()), c.body)
	if status, err := c.post(s.client, s.url); status == http.StatusOK {
		s.apart.Add(1)
	} else if err == nil {
		t.Errorf("a signed callback is answered with %d", status)
	}
}

// heap returns what is in use when nobody sends.
func (s *soak) heap() uint64 {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.client.CloseIdleConnections()
	runtime.GC()
	runtime.GC() // pools keep things for one more
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// latencies returns how long a sample of the honest callbacks took, sorted.
func (s *soak) latencies() []time.Duration { return slices.Sorted(slices.Values(s.took)) }

// check wants in the archive each honest callback once, as it was sent, and nothing else.
func (s *soak) check(t *testing.T) {
	t.Helper()
	store, err := object.Open(t.Context(), s.lake, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	times := make([]uint8, s.next.Load())
	for day := s.began; day <= schema.DayOf(billwalktest.Now()); day++ {
		err := archive.New(store).Callbacks(t.Context(), day, func(c schema.Callback) {
			var n int
			if _, err := fmt.Sscanf(c.Nonce, "nonce%d", &n); err != nil || n >= len(times) || !strings.Contains(string(c.Body), newPosted(n).settle) {
				t.Errorf("nobody honest sent %+v\n%s", c, c.Body)
				return
			}
			times[n]++
		})
		if err != nil {
			t.Error(err)
		}
	}
	for n, stored := range times {
		if stored != 1 {
			t.Errorf("callback %d was acknowledged, and is stored %d times", n, stored)
		}
	}
}
