package yield_test

import (
	"testing"

	"billwalk/pipeline/yield"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	yield.Place(t.Context()) // has none
	left := 0
	ctx := yield.With(t.Context(), func() { left++ })
	yield.Place(ctx)
	yield.Place(ctx)
	if left != 1 {
		t.Errorf("the place was left %d times, want once", left)
	}
}
