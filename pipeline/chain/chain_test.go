package chain_test

import (
	"testing"

	"billwalk/pipeline/chain"
)

func TestLeft(t *testing.T) {
	t.Parallel()
	for given, want := range map[int]int{-1: 0, 0: 0, 1: 1, 300: 300} {
		if got := chain.Left(chain.With(t.Context(), given)); got != want {
			t.Errorf("With(%d) has %d calls left, want %d", given, got, want)
		}
	}
	if inner := chain.With(chain.With(t.Context(), 5), 0); chain.Left(inner) != 5 {
		t.Errorf("%d calls left, want 5: what is not known changes nothing", chain.Left(inner))
	}
}
