package object_test

import (
	"bytes"
	"errors"
	"testing"

	"billwalk/sinks/object"
)

// TestMemFault: a write can fail before it is applied and after, and a read too.
func TestMemFault(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		store := object.NewMem()
		failing := object.OpPut
		store.Fault = func(op object.Op, key string) (bool, error) {
			if op == failing && key == "k" {
				return applied, object.ErrUnknown
			}
			return false, nil
		}
		if _, err := store.Put(t.Context(), "k", bytes.NewReader([]byte("x")), object.IfAbsent(), nil); !errors.Is(err, object.ErrUnknown) {
			t.Errorf("Put: %v, want the fault", err)
		}
		_, err := store.Head(t.Context(), "k")
		if applied != (err == nil) {
			t.Errorf("applied: %t, and then Head: %v", applied, err)
		}
		failing = object.OpHead
		if _, err := store.Head(t.Context(), "k"); !errors.Is(err, object.ErrUnknown) {
			t.Errorf("Head: %v, want the fault", err)
		}
		if _, err := store.Put(t.Context(), "other", bytes.NewReader(nil), object.IfAbsent(), nil); err != nil {
			t.Errorf("Put of another key: %v", err)
		}
	}
}

// TestMemETags: an ETag never comes back, even with the same bytes.
func TestMemETags(t *testing.T) {
	t.Parallel()
	store := object.NewMem()
	seen := map[string]bool{}
	for range 10 {
		info, err := store.Put(t.Context(), "k", bytes.NewReader([]byte("same")), object.Always(), map[string]string{"n": "1"})
		if err != nil || seen[info.ETag] {
			t.Fatalf("Put = %+v, %v; want a new ETag", info, err)
		}
		seen[info.ETag] = true
		info.Meta["n"] = "changed by the caller"
	}
	if head, err := store.Head(t.Context(), "k"); err != nil || head.Meta["n"] != "1" {
		t.Errorf("Head = %+v, %v; want the metadata as stored", head, err)
	}
}
