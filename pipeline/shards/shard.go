// Package shards divides a run of a job between several processes, and lets them know how far
// the others are.
//
// A shard owns whole buckets of accounts, walks and queries their units and publishes their
// partitions. Nearly all of that needs nothing of the others. What does, waits until they are
// as far (night.go): an order may have bills in buckets of other shards, and a bill may move
// between the walks of a root account and of its store.
//
// Nothing correct depends on a process being alive: a shard that waits in vain goes on with
// what is published of the others, and its run is to be repeated.
package shards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"billwalk/schema"
)

// Shard is one of several processes that share a run. The zero Shard is the whole run.
type Shard struct {
	Index int // from 0
	Count int
}

// maxShards is how many shards a run may have: a lake has no more buckets.
const maxShards = 256

// Parse reads a shard as the command line has it: 0/4 is the first of four.
func Parse(text string) (Shard, error) {
	index, count, ok := strings.Cut(text, "/")
	i, err := strconv.Atoi(index)
	n, countErr := strconv.Atoi(count)
	if !ok || err != nil || countErr != nil || n < 1 || n > maxShards || i < 0 || i >= n {
		return Shard{}, fmt.Errorf("want i/n: n processes, from 1 to %d, of which this one is number i, from 0 to n-1", maxShards)
	}
	return Shard{i, n}, nil
}

// String returns the shard in the form of Parse.
func (s Shard) String() string {
	if s.Count == 0 {
		return "0/1"
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Whole reports whether the shard is the whole run.
func (s Shard) Whole() bool { return s.Count <= 1 }

// Weights returns how many of the accounts each shard has, of a lake with so many buckets.
func (s Shard) Weights(all []schema.Account, buckets int) []int {
	return s.Weigh(all, buckets, func(schema.Account) int { return 1 })
}

// Weigh returns the sum of the weights of the accounts that each shard has.
func (s Shard) Weigh(all []schema.Account, buckets int, weight func(schema.Account) int) []int {
	weights := make([]int, max(s.Count, 1))
	for _, a := range all {
		weights[a.ID.Bucket(buckets)%len(weights)] += weight(a)
	}
	return weights
}

// Buckets returns which buckets are the shard's: bucket b is that of shard b mod n. Those of a
// shard without an account, which need not run, are the first other shard's.
func (s Shard) Buckets(all []schema.Account, buckets int) (owns func(bucket int) bool) {
	weights := s.Weights(all, buckets)
	first := max(slices.IndexFunc(weights, func(w int) bool { return w > 0 }), 0)
	return func(bucket int) bool {
		owner := bucket % len(weights)
		if weights[owner] == 0 {
			owner = first
		}
		return owner == s.Index
	}
}

// Accounts returns those of the accounts that are in the shard's buckets.
func (s Shard) Accounts(all []schema.Account, buckets int) (own []schema.Account) {
	owns := s.Buckets(all, buckets)
	for _, a := range all {
		if owns(a.ID.Bucket(buckets)) {
			own = append(own, a)
		}
	}
	return own
}

// Peers returns the other shards that have an account.
func (s Shard) Peers(all []schema.Account, buckets int) (peers []int) {
	for i, weight := range s.Weights(all, buckets) {
		if i != s.Index && weight > 0 {
			peers = append(peers, i)
		}
	}
	return peers
}

// Overlap reports whether a root account and an account that is no root are of different shards:
// a bill may stand with either.
func (s Shard) Overlap(all []schema.Account, buckets int) bool {
	shardOf := func(a schema.Account) int { return a.ID.Bucket(buckets) % max(s.Count, 1) }
	return slices.ContainsFunc(all, func(root schema.Account) bool {
		return root.Root && slices.ContainsFunc(all, func(a schema.Account) bool { return !a.Root && shardOf(a) != shardOf(root) })
	})
}
