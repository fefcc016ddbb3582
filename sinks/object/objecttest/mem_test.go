package objecttest_test

import (
	"bytes"
	"errors"
	"testing"

	"billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestMemFault: a write can fail before and after it is applied; a read can fail, too.
func TestMemFault(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		store := objecttest.NewMem()
		failing := objecttest.OpPut
		store.Fault = func(op objecttest.Op, key string) (bool, error) {
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
		failing = objecttest.OpHead
		if _, err := store.Head(t.Context(), "k"); !errors.Is(err, object.ErrUnknown) {
			t.Errorf("Head: %v, want the fault", err)
		}
		if _, err := store.Put(t.Context(), "other", bytes.NewReader(nil), object.IfAbsent(), nil); err != nil {
			t.Errorf("Put of another key: %v", err)
		}
	}
}

// TestMemLate: a request that arrives after its caller gave up is applied to what is stored
// by then.
func TestMemLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		meant   func(base string) object.Condition
		newer   bool // something else was written meanwhile
		applied bool
	}{
		{"undisturbed", object.IfMatch, false, true},
		{"over a newer one", object.IfMatch, true, false},
		{"over a newer one, without condition", func(string) object.Condition { return object.Always() }, true, true},
	} {
		store := objecttest.NewMem()
		put := func(body string, cond object.Condition) (object.Info, error) {
			return store.Put(t.Context(), "k", bytes.NewReader([]byte(body)), cond, nil)
		}
		base, err := put("base", object.IfAbsent())
		if err != nil {
			t.Fatal(err)
		}
		var late func() error
		store.Fault = func(op objecttest.Op, _ string) (bool, error) {
			if op != objecttest.OpPut || late != nil {
				return false, nil
			}
			return false, object.ErrUnknown
		}
		store.Late = func(_ string, apply func() error) { late = apply }
		if _, err := put("late", c.meant(base.ETag)); !errors.Is(err, object.ErrUnknown) || late == nil {
			t.Fatalf("%s: %v, want the fault, and the request kept", c.name, err)
		}
		want := "base"
		if c.newer {
			want = "newer"
			if _, err := put(want, object.IfMatch(base.ETag)); err != nil {
				t.Fatal(err)
			}
		}
		if c.applied {
			want = "late"
		}
		if err := late(); (err == nil) != c.applied || err != nil && !errors.Is(err, object.ErrConflict) {
			t.Errorf("%s: the late request: %v, want it applied: %t", c.name, err, c.applied)
		}
		if got, _, err := object.ReadAll(t.Context(), store, "k"); string(got) != want {
			t.Errorf("%s: the object is %q, %v; want %q", c.name, got, err, want)
		}
		if err := late(); c.meant(base.ETag) != object.Always() && !errors.Is(err, object.ErrConflict) {
			t.Errorf("%s: the second time: %v, want ErrConflict", c.name, err)
		}
	}
}

// TestMemETags: an ETag is never used again, even for the same bytes.
func TestMemETags(t *testing.T) {
	t.Parallel()
	store := objecttest.NewMem()
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
