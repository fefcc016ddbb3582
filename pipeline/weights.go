package pipeline

import (
	"context"
	"fmt"

	"billwalk/pipeline/claims"
	"billwalk/pipeline/shards"
	"billwalk/schema"
)

// Weights returns how many calls the shards of the run are likely to make, in proportion. They
// are the same for all shards of a night.
func (r *Run) Weights(ctx context.Context) (shards.Weights, error) {
	days := r.Days()
	night := fmt.Sprintf("%s %s %s", days[0], days[len(days)-1], claims.HashAccounts(r.JobAccounts))
	return shards.Agree(ctx, r.Shared("weights.json"), night, r.Shard.Count, r.findWeights)
}

// weighingDays is by how many days that are published an account is weighed, at most: it may have
// had no bill on one of them.
const weighingDays = 2

// findWeights finds the weights by the nearest published days. An account of which nothing is
// known has the mean weight.
func (r *Run) findWeights(ctx context.Context) (w shards.Weights, err error) {
	known := make(sizes)
	published, err := r.PublishedDays(ctx)
	if err != nil {
		return w, err
	}
	near := nearestDays(published, r.Days())
	near = near[max(0, len(near)-weighingDays):]
	manifests, err := readEach(ctx, near, schema.BucketsOf(r.JobAccounts, r.Buckets), r.Lake.Manifest)
	if err != nil {
		return w, err
	}
	for _, m := range manifests {
		known.add(m)
	}
	weigh := func(of func(size) int) []int {
		sum, n := 0, 0
		for _, a := range r.JobAccounts {
			if s, ok := known[a.ID]; ok {
				sum, n = sum+max(of(s), 1), n+1
			}
		}
		mean := max(sum/max(n, 1), 1)
		return r.Shard.Weigh(r.JobAccounts, r.Buckets, func(a schema.Account) int {
			if s, ok := known[a.ID]; ok {
				return max(of(s), 1)
			}
			return mean
		})
	}
	w.Bills = weigh(func(s size) int { return s.pages })
	w.Settlements = weigh(func(s size) int { return int(s.queries) })
	return w, nil
}
