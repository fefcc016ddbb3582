package shards

import (
	"context"
	"encoding/json"
	"slices"

	"billwalk/pipeline/swap"
)

// Weights are how many calls the shards are likely to make, in proportion: what the rate of an
// API is divided by.
type Weights struct {
	Bills       []int `json:"bills"`
	Settlements []int `json:"settlements"`
}

// maxWeight is more than the calls of any night; sums of weights do not overflow.
const maxWeight = 1 << 40

// Both returns the weights of an app that makes the calls of both APIs.
func (w Weights) Both() []int {
	both := slices.Clone(w.Bills)
	for i := range both {
		both[i] += w.Settlements[i]
	}
	return both
}

// holdFor reports whether these can be the weights of so many shards.
func (w Weights) holdFor(count int) bool {
	for _, weights := range [][]int{w.Bills, w.Settlements} {
		if len(weights) != count || slices.Min(weights) < 0 || slices.Max(weights) > maxWeight {
			return false
		}
	}
	return true
}

// agreed is the weights that a night's first shard has found.
type agreed struct {
	Of string `json:"of"`
	Weights
}

// Agree returns the weights of a night: those that are stored, else those that are found now,
// which it stores. So all shards divide the rate by the same ones, those included that begin
// later or again, when another result might be found: shards that divided it by different ones
// would make more calls together than they may. What is stored of another night, or is not a
// weight for each of count shards, is replaced.
func Agree(ctx context.Context, store swap.Object, of string, count int, find func(context.Context) (Weights, error)) (w Weights, err error) {
	err = swap.Change(ctx, store, func(data []byte) ([]byte, error) {
		var last agreed
		if json.Unmarshal(data, &last) == nil && last.Of == of && last.holdFor(count) {
			w = last.Weights
			return data, nil
		}
		if w, err = find(ctx); err != nil {
			return nil, err
		}
		return json.Marshal(agreed{of, w})
	})
	return w, err
}
