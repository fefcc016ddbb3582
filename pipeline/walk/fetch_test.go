package walk

import "testing"

// TestBatchBytes: few units hold more of what they fetched, and all together not more than a
// limit, unless they are very many.
func TestBatchBytes(t *testing.T) {
	t.Parallel()
	for units, want := range map[int]int{0: minBatch, 1: maxBatch, 64: maxBatch, 128: maxBatch / 2, 256: minBatch, 100_000: minBatch} {
		if got := batchBytes(units); got != want {
			t.Errorf("each of %d units holds %d bytes, want %d", units, got, want)
		}
	}
	for units := 1; units <= 256; units++ {
		if got := units * batchBytes(units); got > maxHeld {
			t.Errorf("%d units hold %d bytes", units, got)
		}
	}
}
