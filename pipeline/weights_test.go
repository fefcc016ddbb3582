package pipeline_test

import (
	"fmt"
	"slices"
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

// TestQueriesAreDivided: all shards divide the rate of the settle query by the bills that they have
// found on the day that comes first, before any order is queried, also where no bill may stand
// with two of them. One that has far fewer than was likely keeps a quarter of that, and one that
// runs again takes the same division.
func TestQueriesAreDivided(t *testing.T) {
	t.Parallel()
	accounts := []schema.Account{accountIn(0, 8), accountIn(1, 8), accountIn(2, 8), accountIn(3, 8)}
	for _, root := range []bool{false, true} {
		accounts := slices.Clone(accounts)
		accounts[3].Root = root
		inBubble(t, accounts, func(t *testing.T, w *world) {
			w.withTrade(byShop)
			w.buckets = 8
			w.ahead = time.Until((day + 1).Start().Add(6 * time.Hour))
			set := func(counts ...int) {
				for i, n := range counts {
					var bills []string
					for k := range n {
						id := fmt.Sprintf("%d-%d", i, k)
						bills = append(bills, sale(accounts[i].ID, "L"+id, "S"+id, "E"+id, 10))
					}
					w.platform.set(at(accounts[i], day), bills...)
				}
			}
			set(30, 10, 40, 0)
			shared, divisions := new(registers), make(chan []int, 100)
			night := 0
			divide := func(r *pipeline.Run) {
				r.Divide = func(weights []int) {
					if n := len(w.trade.made()); night == 0 && len(divisions) == 0 && n > 0 {
						t.Errorf("%d orders were queried before", n)
					}
					divisions <- weights
				}
			}
			for ; night < 2; night++ {
				w.runShards(shared, 4, pipeline.ExitDone, on(day), divide)
				for range 4 {
					if got, want := <-divisions, []int{375_000, 125_000, 500_000, 62_500}; !cmp.Equal(got, want) {
						t.Errorf("root account %v, run %d: %v, want %v", root, night+1, got, want)
					}
				}
				set(30, 10, 40, 5)
			}
		})
	}
}
