package object_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	. "billwalk/sinks/object"
	"billwalk/sinks/object/objecttest"
)

// TestPutKnown loses the answers of some attempts, before and after they took effect.
func TestPutKnown(t *testing.T) {
	for _, test := range []struct {
		name   string
		lost   int  // tries whose answer is lost
		apply  bool // and that took effect all the same
		want   error
		tries  int
		stored bool
	}{
		{"at once", 0, false, nil, 1, true},
		{"lost before", 3, false, nil, 4, true},
		{"lost after: its own conflict", 1, true, ErrConflict, 2, true},
		{"out of reach", 99, false, ErrUnknown, KnownTries, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, tries := objecttest.NewMem(), 0
				store.Fault = func(op objecttest.Op, _ string) (bool, error) {
					if op != objecttest.OpPut {
						return false, nil
					}
					if tries++; tries <= test.lost {
						return test.apply, fmt.Errorf("reset: %w", ErrUnknown)
					}
					return false, nil
				}
				began := time.Now()
				_, err := PutKnown(t.Context(), store, "a/b", bytes.NewReader([]byte("x")), IfAbsent(), nil)
				if !errors.Is(err, test.want) || tries != test.tries {
					t.Errorf("%v after %d tries, want %v after %d", err, tries, test.want, test.tries)
				}
				if longest := time.Duration(KnownTries) * KnownCap; time.Since(began) > longest {
					t.Errorf("took %v, want at most %v", time.Since(began), longest)
				}
				if body, _, err := store.Get(t.Context(), "a/b"); (err == nil) != test.stored {
					t.Errorf("stored: %v, want %v", err, test.stored)
				} else if err == nil {
					if data, _ := io.ReadAll(body); string(data) != "x" {
						t.Errorf("stored %q", data)
					}
				}
			})
		})
	}
}

// TestPutKnownEnds: a wait ends with its context.
func TestPutKnownEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := objecttest.NewMem()
		ctx, cancel := context.WithCancel(t.Context())
		store.Fault = func(objecttest.Op, string) (bool, error) { cancel(); return false, ErrUnknown }
		began := time.Now()
		if _, err := PutKnown(ctx, store, "a", bytes.NewReader(nil), Always(), nil); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v, want ErrUnknown", err)
		}
		if time.Since(began) > 0 {
			t.Errorf("waited %v after the context had ended", time.Since(began))
		}
	})
}
