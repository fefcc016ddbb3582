package shards

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"billwalk/pipeline/stop"
	"billwalk/pipeline/swap"
	"billwalk/schema"
)

// APIs of which a shard that makes no more calls lends its part of the rate.
const (
	Bills       = "bills"
	Settlements = "settlements"
)

const (
	// A shard looks again who is idle after a fortieth of the time that has passed.
	lookPart  = 40
	lookFirst = 250 * time.Millisecond
	lookEvery = 4 * time.Second

	lendAfter = 1100 * time.Millisecond // what is lent is used so long after it was seen: the last calls count no more
	lendFor   = 7 * time.Second         // since it was seen
	backAfter = lendFor + lendAfter     // how long a shard waits for those that may use its part
)

// Rate is this shard's part of an API's rate.
type Rate interface {
	// Borrow also uses the part of idle shards until a time.
	Borrow(idle []int, until time.Time)
	// Return ends that, and returns once no more calls count than are the shard's own.
	Return(ctx context.Context) error
}

// idle is which shards make no calls of each API. A shard that is in the list begins to make calls
// again once no other can know it to be idle, or all are: those that are borrow nothing.
type idle map[string][]int

const idleName = "idle.json"

// Lend ends the shard's calls of an API until no shard makes one any more: the others use its part
// of the rate.
func (n *Night) Lend(ctx context.Context, api string) error {
	rate := n.Rates[api]
	if rate == nil {
		return nil
	}
	n.mu.Lock()
	n.lent[api] = true
	n.mu.Unlock()
	if err := rate.Return(ctx); err != nil {
		return err
	}
	return n.changeIdle(ctx, func(all idle) {
		if !slices.Contains(all[api], n.Shard.Index) {
			all[api] = append(all[api], n.Shard.Index)
		}
	})
}

// TakeBack ends what the shard, or an earlier run of it, has lent of the APIs' rates, and waits until
// no other uses it any more.
func (n *Night) TakeBack(ctx context.Context, apis ...string) error {
	used := false
	err := n.changeIdle(ctx, func(all idle) {
		used = false
		for _, api := range apis {
			switch {
			case !slices.Contains(all[api], n.Shard.Index):
			case containsAll(all[api], n.Peers):
				delete(all, api)
			default:
				used = true
				all[api] = slices.DeleteFunc(all[api], func(i int) bool { return i == n.Shard.Index })
			}
		}
	})
	if err == nil && used {
		n.Log.Info("other shards may use this one's part of the rate: it waits until they know that it makes calls again", "seconds", backAfter.Seconds())
		err = stop.Sleep(ctx, backAfter)
	}
	return err
}

// changeIdle changes the list, which all shards change.
func (n *Night) changeIdle(ctx context.Context, change func(idle)) error {
	const tries, shortest = 8, 100 * time.Millisecond
	for try := range tries {
		err := swap.Change(ctx, n.Open(idleName), func(data []byte) ([]byte, error) {
			all := decodeIdle(data)
			change(all)
			if len(all) == 0 && len(data) == 0 {
				return data, nil
			}
			return json.Marshal(all)
		})
		if !errors.Is(err, schema.ErrTaken) {
			return err
		}
		if err := stop.Sleep(ctx, rand.N(shortest<<try)); err != nil {
			return err
		}
	}
	return schema.ErrTaken
}

func decodeIdle(data []byte) idle {
	all := make(idle)
	if json.Unmarshal(data, &all) != nil || all == nil {
		return make(idle)
	}
	return all
}

// borrow has the rates use the parts of idle shards, until ctx ends or this one has lent all its own.
func (n *Night) borrow(ctx context.Context) {
	began := time.Now()
	known, last := make(idle), began
	for stop.Sleep(ctx, min(max(time.Since(began)/lookPart, lookFirst), lookEvery)) == nil {
		looked := time.Now()
		data, _, err := n.Open(idleName).Load(ctx)
		if err != nil {
			n.Log.Debug("which shards are idle is not known", "error", err)
			continue
		}
		if time.Since(last) >= lendFor {
			known = make(idle) // a shard may have begun again since, and have lent anew
		}
		last = looked
		all, news := decodeIdle(data), false
		for api := range n.Rates {
			news = news || !containsAll(known[api], all[api])
		}
		if known = all; news && stop.Sleep(ctx, lendAfter) != nil {
			return
		}
		n.mu.Lock()
		for api, rate := range n.Rates {
			if !n.lent[api] {
				rate.Borrow(all[api], looked.Add(lendFor))
			}
		}
		done := len(n.lent) == len(n.Rates)
		n.mu.Unlock()
		if done {
			return
		}
	}
}

func containsAll(list, of []int) bool {
	return !slices.ContainsFunc(of, func(i int) bool { return !slices.Contains(list, i) })
}
