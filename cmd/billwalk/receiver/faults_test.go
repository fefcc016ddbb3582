package receiver

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/cmd/billwalk/cli"
	"billwalk/pipeline/jobs"
	"billwalk/pipeline/receive"
	"billwalk/schema"
	"billwalk/sinks/archive"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// troubledSeeds is how many nights there are of a troubled store.
func troubledSeeds() uint64 { return billwalktest.Often[uint64](8, 40) }

const (
	troubledPosts = 40
	troubledTime  = 3 * time.Minute // in which they are posted first
	outageFrom    = time.Minute
	outageTo      = 2 * time.Minute
	sampleEvery   = 500 * time.Millisecond // of /readyz
	patient       = 15 * time.Second       // it is asked when single writes fail, too
)

// TestReceiverStoreFails: over a store whose writes fail before they are applied,
// and after, and later than that, that is slow, and that is away for a minute,
// what is acknowledged was durable before; /readyz falls and recovers by itself; and
// with the platform's tries all is stored in the end, and each settlement once in
// what a run publishes.
func TestReceiverStoreFails(t *testing.T) {
	t.Parallel()
	config := billwalktest.ReceiverConfig(t, billwalktest.FolderLake(t)) // the lake is another one
	file, err := jobs.Load(config, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	warmArchive(t)
	for seed := range troubledSeeds() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var n *troubledNight
			began := billwalktest.Now().Round(0)
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(began)) // a bubble begins in 2000
				n = newTroubledNight(t, file, seed)
				n.pass(t)
				n.check(t)
			})
			if seed%10 == 0 && !t.Failed() {
				checkTold(t, copied(t, n.store.Mem), n.posted)
			}
		})
	}
}

// warmArchive writes once, so that no pool of the codec is made within a bubble.
func warmArchive(t *testing.T) {
	t.Helper()
	if err := archive.New(objecttest.NewMem()).AppendCallbacks(t.Context(), billwalktest.FirstDay, "01ARZ3NDEKTSV4RRFFQ69G5FAV", []byte("{}\n")); err != nil {
		t.Fatal(err)
	}
}

// troubledNight is a receiver over a troubled store, and the platform.
type troubledNight struct {
	store  *troubledStore
	client *http.Client
	probe  http.Handler
	end    func()
	began  time.Time

	posted []*posted
	mu     sync.Mutex
	acked  map[*posted][]time.Time
	ready  map[time.Duration]bool // what /readyz said, since the night began
}

func newTroubledNight(t *testing.T, file *jobs.File, seed uint64) *troubledNight {
	n := &troubledNight{store: newTroubledStore(seed), began: time.Now(), acked: make(map[*posted][]time.Time), ready: make(map[time.Duration]bool)}
	p := cli.Setup{Now: time.Now, Store: n.store}
	ctx, cancel := context.WithCancelCause(t.Context())
	config, err := p.Receiver(ctx, file, cancel)
	if err != nil {
		t.Fatal(err)
	}
	config.Reach = func(ctx context.Context) error { // which is not done in memory
		_, err := object.EnsureProbed(ctx, n.store, time.Now(), nil)
		return err
	}
	receiver, err := receive.New(config)
	if err != nil {
		t.Fatal(err)
	}
	n.probe = receiver.Probe()
	listener := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	n.client = &http.Client{Transport: &http.Transport{DialContext: listener.dial, DisableKeepAlives: true}}
	served := make(chan error, 1)
	go func() { served <- receiver.Serve(ctx, listener) }()
	n.end = func() { cancel(nil); <-served; n.store.settle() }
	for i := range troubledPosts {
		n.posted = append(n.posted, newPosted(i))
	}
	return n
}

// pass lets the night pass, until all is posted and stored.
func (n *troubledNight) pass(t *testing.T) {
	var all sync.WaitGroup
	for _, c := range n.posted {
		after := n.store.within(troubledTime)
		all.Go(func() {
			time.Sleep(after)
			c.write(time.Now())
			n.deliver(t, c)
			if c.n%4 == 0 {
				time.Sleep(time.Second)
				n.deliver(t, c)
			}
		})
	}
	all.Go(n.watch)
	all.Wait()
	n.end()
}

// deliver posts a callback until it is acknowledged, with the platform's tries and pauses.
func (n *troubledNight) deliver(t *testing.T, c *posted) {
	pause := 15 * time.Second
	for range 20 {
		status, err := c.post(n.client, "http://receiver")
		switch {
		case err != nil || status != http.StatusOK && status != http.StatusServiceUnavailable:
			t.Errorf("callback %d is answered with %d, %v", c.n, status, err)
		case status == http.StatusOK:
			n.mu.Lock()
			defer n.mu.Unlock()
			n.acked[c] = append(n.acked[c], time.Now())
			return
		}
		time.Sleep(pause)
		pause = min(2*pause, 128*time.Minute)
	}
	t.Errorf("the platform gave callback %d up", c.n)
}

// watch asks for /readyz until some time after the outage.
func (n *troubledNight) watch() {
	for at := time.Duration(0); at < outageTo+time.Minute; at += sampleEvery {
		time.Sleep(time.Until(n.began.Add(at)))
		answer := httptest.NewRecorder()
		n.probe.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		n.mu.Lock()
		n.ready[at] = answer.Code == http.StatusOK
		n.mu.Unlock()
	}
}

// check compares what was acknowledged with what was durable by then.
func (n *troubledNight) check(t *testing.T) {
	t.Helper()
	durable := make(map[string][]time.Time) // by nonce
	for day := schema.DayOf(n.began); day <= schema.DayOf(time.Now()); day++ {
		err := archive.New(n.store.Mem).Callbacks(t.Context(), day, func(c schema.Callback) {
			durable[c.Nonce] = append(durable[c.Nonce], n.store.applied[c.Key])
			var i int
			if _, err := fmt.Sscanf(c.Nonce, "nonce%d", &i); err != nil || string(c.Body) != string(n.posted[i].body) {
				t.Errorf("stored is %+v\n%s", c, c.Body)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, c := range n.posted {
		for _, at := range n.acked[c] {
			if !slices.ContainsFunc(durable[c.nonce], func(applied time.Time) bool { return !applied.After(at) }) {
				t.Errorf("callback %d was acknowledged at %s, and became durable at %v", c.n, at, durable[c.nonce])
			}
		}
	}
	n.checkReady(t)
}

// checkReady: the outage shows, and that it is over.
func (n *troubledNight) checkReady(t *testing.T) {
	t.Helper()
	if !n.readyWithin(outageFrom - patient) {
		t.Error("/readyz never said that it is ready before the outage")
	}
	if said, ok := n.ready[outageTo-sampleEvery]; said || !ok {
		t.Error("/readyz says it is ready when the store has been away for a minute")
	}
	if !n.readyWithin(outageTo) {
		t.Error("/readyz does not recover")
	}
}

func (n *troubledNight) readyWithin(from time.Duration) bool {
	for at := from; at < from+patient; at += sampleEvery {
		if n.ready[at] {
			return true
		}
	}
	return false
}
