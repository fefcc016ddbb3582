package pipeline_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"billwalk/pipeline"
	"billwalk/schema"
)

// TestBatchesBySize: a unit that is walked alone holds no more than 1 MiB of compressed answers,
// and one page.
func TestBatchesBySize(t *testing.T) {
	t.Parallel()
	inBubble(t, []schema.Account{store}, func(t *testing.T, w *world) {
		const limit, page = 1 << 20, 52 << 10 // a page is a little smaller
		var bills []string
		for i := range 600 {
			random := make([]byte, 5<<10/2)
			rand.Read(random)
			bills = append(bills, strings.Replace(record(store.ID, fmt.Sprint("bill-", i), 100), "{", `{"unknown":"`+hex.EncodeToString(random)+`",`, 1))
		}
		w.set(store, bills...)
		w.run(pipeline.ExitDone)
		var sizes []int64
		for info, err := range w.store.List(t.Context(), "archive/bills/") {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(info.Key, ".jsonl.zst") {
				sizes = append(sizes, info.Size)
			}
		}
		for i, size := range sizes {
			if last := i == len(sizes)-1; size > limit+page || size < limit && !last {
				t.Errorf("batch %d of %d has %d bytes", i+1, len(sizes), size)
			}
		}
		if len(sizes) != 3 {
			t.Errorf("60 pages are in batches of %d bytes", sizes)
		}
	})
}
