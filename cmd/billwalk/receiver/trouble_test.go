package receiver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"billwalk/cmd/billwalk/billwalktest"
	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// errLost is what the network does to an answer.
var errLost = errors.New("connection reset by peer")

// troubledStore is in memory, and does to a batch of callbacks whatever a store
// may do.
type troubledStore struct {
	*objecttest.Mem
	began time.Time

	mu      sync.Mutex
	dice    *rand.Rand
	applied map[string]time.Time // by key: since when an object is there
	late    sync.WaitGroup
}

func newTroubledStore(seed uint64) *troubledStore {
	s := &troubledStore{Mem: objecttest.NewMem(), began: time.Now(), dice: rand.New(rand.NewPCG(seed, 2)), applied: make(map[string]time.Time)}
	s.Fault, s.Late = s.fault, s.arrive
	return s
}

func (s *troubledStore) roll(sides int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.IntN(sides)
}

// within draws a time below the most.
func (s *troubledStore) within(most time.Duration) time.Duration {
	return time.Duration(s.roll(int(most)))
}

var (
	errAway    = errors.New("503 Slow Down")
	errRefused = errors.New("400 Bad Request")
)

func (s *troubledStore) fault(op objecttest.Op, key string) (apply bool, err error) {
	time.Sleep(40 * time.Millisecond)
	since := time.Since(s.began)
	switch put := op == objecttest.OpPut; {
	case since >= outageFrom && since < outageTo && put:
		return false, fmt.Errorf("%w: %w", object.ErrUnknown, errAway)
	case since >= outageFrom && since < outageTo:
		return false, errAway
	case !strings.HasPrefix(key, "archive/callbacks/"):
		return true, nil
	case !put: // what it is looked for in: whose object it is
		if s.roll(10) == 0 {
			return false, errAway
		}
		return true, nil
	}
	if s.roll(8) == 0 {
		time.Sleep(s.within(4 * time.Second))
	}
	switch s.roll(6) {
	case 0:
		return false, fmt.Errorf("%w: %w", object.ErrUnknown, errLost)
	case 1:
		s.note(key)
		return true, fmt.Errorf("%w: %w", object.ErrUnknown, errLost)
	case 2:
		return false, errRefused
	default:
		s.note(key)
		return true, nil
	}
}

// note says that an object is there now, if it was not before.
func (s *troubledStore) note(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.applied[key].IsZero() {
		s.applied[key] = time.Now()
	}
}

// arrive applies some of the writes that failed after all, when nobody waits.
func (s *troubledStore) arrive(key string, apply func() error) {
	if !strings.HasPrefix(key, "archive/callbacks/") || s.roll(2) == 0 {
		return
	}
	after := s.within(20 * time.Second)
	s.late.Go(func() {
		time.Sleep(after)
		if apply() == nil {
			s.note(key)
		}
	})
}

// settle waits for what is late, and ends all trouble.
func (s *troubledStore) settle() {
	s.late.Wait()
	s.Fault = nil
}

// copied is a folder lake with all objects of a store in memory.
func copied(t *testing.T, from *objecttest.Mem) billwalktest.Place {
	t.Helper()
	place := billwalktest.FolderLake(t)
	to, err := object.Open(t.Context(), place.URL, object.S3Options{})
	if err != nil {
		t.Fatal(err)
	}
	for info, err := range from.List(t.Context(), "archive/") {
		if err != nil {
			t.Fatal(err)
		}
		data, info, err := object.ReadAll(t.Context(), from, info.Key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Put(t.Context(), info.Key, bytes.NewReader(data), object.IfAbsent(), info.Meta); err != nil {
			t.Fatal(err)
		}
	}
	return place
}

// memoryListener is dialed within a bubble.
type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
