package objecttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"billwalk/sinks/object"
)

const (
	racers = 32
	rounds = 5
)

func testCreateRace(t *testing.T, store object.Store) {
	for round := range rounds {
		race(t, store, fmt.Sprintf("race/%d", round), object.IfAbsent())
	}
}

func testSwapRace(t *testing.T, store object.Store) {
	base := mustPut(t, store, "race", []byte("base"), object.IfAbsent(), nil)
	for range rounds {
		base = race(t, store, "race", object.IfMatch(base.ETag))
	}
}

// race lets all racers write the key under the condition at once, and checks that exactly
// one write succeeds, that its content is in the store, and that the others get ErrConflict
// or ErrUnknown.
func race(t *testing.T, store object.Store, key string, cond object.Condition) object.Info {
	t.Helper()
	var (
		start   = make(chan struct{})
		infos   [racers]object.Info
		results [racers]error
		stamps  [racers]string // unique, so that no ETag is used again
		racing  sync.WaitGroup
	)
	for i := range racers {
		stamps[i] = rand.Text()
		racing.Go(func() {
			<-start
			infos[i], results[i] = put(t.Context(), store, key, []byte(stamps[i]), cond, map[string]string{"racer": stamps[i]})
		})
	}
	close(start)
	racing.Wait()
	winner, winners := 0, 0
	for i, err := range results {
		if err == nil {
			winner, winners = i, winners+1
		} else if !errors.Is(err, object.ErrConflict) && !errors.Is(err, object.ErrUnknown) {
			t.Errorf("racer %d: %v, want ErrConflict", i, err)
		}
	}
	if winners != 1 {
		t.Fatalf("%d of %d writers won, want exactly one", winners, racers)
	}
	got, info := mustGet(t, store, key)
	if string(got) != stamps[winner] || info.ETag != infos[winner].ETag || info.Meta["racer"] != stamps[winner] {
		t.Fatalf("the store has %q of %v, but racer %s got the answer that it won", got, info.Meta, stamps[winner])
	}
	return info
}

// testCounter adds by compare-and-swap: every addition counts exactly once.
func testCounter(t *testing.T, store object.Store) {
	const adders, additions = 4, 10
	mustPut(t, store, "counter", []byte("0"), object.IfAbsent(), nil)
	group, ctx := errgroup.WithContext(t.Context())
	for range adders {
		group.Go(func() error {
			for range additions {
				if err := increment(ctx, store, "counter"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, _ := mustGet(t, store, "counter"); string(got) != strconv.Itoa(adders*additions) {
		t.Errorf("the counter is %s after %d additions", got, adders*additions)
	}
}

func increment(ctx context.Context, store object.Store, key string) error {
	for {
		text, info, err := get(ctx, store, key)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		_, err = put(ctx, store, key, []byte(strconv.Itoa(n+1)), object.IfMatch(info.ETag), nil)
		if !errors.Is(err, object.ErrConflict) {
			return err
		}
	}
}

// testReaders replaces an object again and again under readers, who must always
// find one generation, whole, with that generation's metadata, and never go back.
func testReaders(t *testing.T, store object.Store) {
	const generations, readers, size = 25, 3, 256 << 10
	content := func(generation int) []byte { return bytes.Repeat([]byte{byte('a' + generation)}, size) }
	write := func(generation int) error {
		_, err := put(t.Context(), store, "k", content(generation), object.Always(), map[string]string{"generation": strconv.Itoa(generation)})
		return err
	}
	if err := write(0); err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	for range readers {
		group.Go(func() error {
			for last := 0; last < generations; {
				body, info, err := get(t.Context(), store, "k")
				if err != nil {
					return err
				}
				generation, err := strconv.Atoi(info.Meta["generation"])
				if err != nil || generation < last || !bytes.Equal(body, content(generation)) {
					return fmt.Errorf("read %d bytes from %.1q to %.1q of generation %q after %d", len(body), body, body[max(0, len(body)-1):], info.Meta["generation"], last)
				}
				last = generation
			}
			return nil
		})
	}
	group.Go(func() error {
		for generation := 1; generation <= generations; generation++ {
			if err := write(generation); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
