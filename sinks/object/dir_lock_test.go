package object

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestDirLockHeld: a writer waits for one of another process. Whose context ends first does not
// wait, and leaves the lock to those after it.
func TestDirLockHeld(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	other, err := openDir(d.path)
	if err != nil {
		t.Fatal(err)
	}
	other.mustPut(t, "another", "one", nil)
	if err := other.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Put(ctx, "k", strings.NewReader("one"), Always(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the end of the context", err)
	}
	put := make(chan error, 1)
	go func() {
		_, err := d.Put(t.Context(), "k", strings.NewReader("two"), IfAbsent(), nil)
		put <- err
	}()
	select {
	case err := <-put:
		t.Errorf("written beside another writer: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	other.release()
	if err := <-put; err != nil {
		t.Error(err)
	}
	other.mustPut(t, "k", "three", nil)
}
