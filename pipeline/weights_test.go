package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"billwalk/pipeline"
	"billwalk/pipeline/shards"
	"billwalk/schema"
)

// TestShardWeights: shards divide the rate by the pages and orders of their accounts on the last
// published days; an account that is not published has the mean weight. Shards that begin when
// more is published have the same weights.
func TestShardWeights(t *testing.T) {
	t.Parallel()
	accounts := []schema.Account{accountIn(0, 8), accountIn(1, 8), accountIn(2, 8), accountIn(3, 8)}
	inBubble(t, accounts, func(t *testing.T, w *world) {
		w.withTrade(byShop)
		w.buckets = 8
		w.ahead = time.Until((day + 1).Start().Add(6 * time.Hour))
		for i, n := range []int{300, 100, 50} {
			var bills []string
			for k := range n {
				id := fmt.Sprintf("%d-%d", i, k)
				bills = append(bills, sale(accounts[i].ID, "L"+id, "S"+id, "E"+id, 10))
			}
			w.platform.set(at(accounts[i], day), bills...)
		}
		shared := new(registers)
		weights := func() (found shards.Weights) {
			t.Helper()
			r := pipeline.Run{From: day + 1, To: day + 1, Lookback: 1, Buckets: 8, Accounts: accounts, Lake: w.lake, PublishedDays: w.lake.days}
			w.shard(shared, 1, 4)(&r)
			found, err := r.Weights(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if got, want := weights(), (shards.Weights{Bills: []int{1, 1, 1, 1}, Settlements: []int{1, 1, 1, 1}}); !cmp.Equal(got, want) {
			t.Errorf("nothing is published: %v", got)
		}
		w.run(pipeline.ExitDone, on(day), func(r *pipeline.Run) { r.Accounts = accounts[:3] })
		if got, want := weights(), (shards.Weights{Bills: []int{1, 1, 1, 1}, Settlements: []int{1, 1, 1, 1}}); !cmp.Equal(got, want) {
			t.Errorf("later in the same night: %v", got)
		}
		shared = new(registers)
		if got, want := weights(), (shards.Weights{Bills: []int{30, 10, 5, 15}, Settlements: []int{300, 100, 50, 150}}); !cmp.Equal(got, want) {
			t.Errorf("in the next night: %v", got)
		}
	})
}
