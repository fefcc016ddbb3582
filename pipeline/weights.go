package pipeline

import (
	"context"
	"fmt"
	"slices"

	"billwalk/pipeline/claims"
	"billwalk/pipeline/shards"
	"billwalk/schema"
)

// Weights returns how many calls the shards of the run are likely to make, in proportion. They
// are the same for all shards of a night.
func (r *Run) Weights(ctx context.Context) (shards.Weights, error) {
	w, err := shards.Agree(ctx, r.Shared("weights.json"), r.weighed(), r.Shard.Count, r.findWeights)
	r.likely = w.Settlements
	return w, err
}

// weighed names what weights are of.
func (r *Run) weighed() string {
	days := r.Days()
	return fmt.Sprintf("%s %s %s", days[0], days[len(days)-1], claims.HashAccounts(r.JobAccounts))
}

// divideQueries divides the rate of the settle query anew, before the first one, by how many
// each shard is likely to make for the day that comes first. All shards take the division that
// one of them has stored, those that begin again included.
func (r *Run) divideQueries(ctx context.Context, queries []int64) error {
	likely := r.likely
	if likely == nil {
		likely = r.Shard.Weights(r.JobAccounts, r.Buckets)
	}
	w, err := shards.Agree(ctx, r.Shared("queries.json"), r.weighed(), r.Shard.Count, func(context.Context) (shards.Weights, error) {
		weights := queryWeights(queries, likely)
		return shards.Weights{Bills: weights, Settlements: weights}, nil
	})
	if err == nil {
		r.Divide(w.Settlements)
	}
	return err
}

// queryWeights returns weights in proportion to the queries of the day that comes first, but for a
// shard that has far fewer than was likely: it may have more on other days, and keeps a quarter of
// what it had.
func queryWeights(queries []int64, likely []int) []int {
	const whole, least = 1_000_000, 4
	all, likelyAll := int64(0), int64(0)
	for i := range queries {
		all, likelyAll = all+queries[i], likelyAll+int64(likely[i])
	}
	if all == 0 {
		return likely
	}
	weights := make([]int, len(queries))
	for i := range queries {
		weights[i] = int(max(queries[i]*whole/all, int64(likely[i])*(whole/least)/likelyAll, int64(min(likely[i], 1))))
	}
	return weights
}

// likelyQueries returns how many queries an order of an account is likely to take, in hundredths:
// the rule that answers most often is tried first, and another one where it does not answer.
func likelyQueries(rules []schema.RuleUse) int64 {
	const once = 100
	if len(rules) < 2 {
		return once
	}
	best := slices.MinFunc(rules, func(a, b schema.RuleUse) int { return b.CompareRate(a) })
	return 2*once - once*best.Answered/max(best.Asked, 1)
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
