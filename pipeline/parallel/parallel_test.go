package parallel_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"billwalk/pipeline/parallel"
)

// TestInOrder: results come in the order of the inputs, up to the first error, after which
// nearly nothing is begun.
func TestInOrder(t *testing.T) {
	t.Parallel()
	const inputs, fails = 10_000, 300
	var begun atomic.Int64
	fault := errors.New("no more")
	numbers := func(yield func(int) bool) {
		for i := range inputs {
			if !yield(i) {
				return
			}
		}
	}
	var got []int
	var last error
	for square, err := range parallel.InOrder(numbers, func(i int) (int, error) {
		begun.Add(1)
		if i == fails {
			return 0, fault
		}
		return i * i, nil
	}) {
		if last = err; err == nil {
			got = append(got, square)
		}
	}
	want := make([]int, fails)
	for i := range want {
		want[i] = i * i
	}
	if !slices.Equal(got, want) || last != fault {
		t.Errorf("got %d results and %v, want the %d squares before the error", len(got), last, fails)
	}
	if n := begun.Load(); n > inputs/2 {
		t.Errorf("%d of %d inputs were begun", n, inputs)
	}
}
