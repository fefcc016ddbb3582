package yield_test

import (
	"testing"

	"billwalk/pipeline/yield"
)

func TestSlot(t *testing.T) {
	t.Parallel()
	yield.Slot(t.Context()) // without a slot
	released := 0
	ctx := yield.With(t.Context(), func() { released++ })
	yield.Slot(ctx)
	yield.Slot(ctx)
	if released != 1 {
		t.Errorf("got %d releases, want 1", released)
	}
}
