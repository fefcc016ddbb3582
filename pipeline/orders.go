package pipeline

import (
	"cmp"
	"context"
	"hash/maphash"
	"iter"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// neighbours finds the bills that an order has in other files than the one being
// built: on other days of the window, or in another bucket. Most orders have
// none, so what is kept of a file is a hash for each of its orders.
type neighbours struct {
	rules   *reconcile.Rules
	buckets int
	bills   func(ctx context.Context, at partition, columns ...string) iter.Seq2[*schema.Bill, error] // staged, or published
	seed    maphash.Seed
	orders  map[partition][]uint64 // of forward bills, sorted
	linking bool                   // there are callbacks to be linked
	ids     map[partition][]owned  // then: what links callbacks to forward bills, sorted

	mu       sync.Mutex
	families map[family]*kin // by the order_id of callbacks: found out once for all settlements that have it
}

func newNeighbours(rules *reconcile.Rules, buckets int, bills func(context.Context, partition, ...string) iter.Seq2[*schema.Bill, error]) *neighbours {
	return &neighbours{rules: rules, buckets: buckets, bills: bills, seed: maphash.MakeSeed(), orders: make(map[partition][]uint64), ids: make(map[partition][]owned), families: make(map[family]*kin)}
}

// of returns, by order, the forward bills that the orders of a partition have in
// other files of the window.
func (n *neighbours) of(ctx context.Context, at partition) (map[string][]reconcile.Bill, error) {
	if err := n.readAround(ctx, at.day); err != nil {
		return nil, err
	}
	elsewhere := make(map[string][]reconcile.Bill)
	for _, other := range n.around(at) {
		shared := common(n.orders[at], n.orders[other])
		if len(shared) == 0 {
			continue
		}
		for bill, err := range n.forward(ctx, other, n.rules.Columns()...) {
			if err != nil {
				return nil, err
			}
			key := bill.OrderKey()
			if _, ok := slices.BinarySearch(shared, n.hash(key)); ok {
				elsewhere[key] = append(elsewhere[key], *bill)
			}
		}
	}
	return elsewhere, nil
}

// around returns the other partitions of the window, days ascending.
func (n *neighbours) around(at partition) []partition {
	var others []partition
	n.each(at.day, schema.Day(n.rules.Lookback), func(other partition) {
		if other != at {
			others = append(others, other)
		}
	})
	return others
}

// readAround reads the orders of the day's window; where there are callbacks, of
// all that may be theirs.
func (n *neighbours) readAround(ctx context.Context, day schema.Day) error {
	window := schema.Day(n.rules.Lookback)
	if n.linking {
		window = reach(n.rules.Lookback)
	}
	var all []partition
	n.each(day, window, func(at partition) { all = append(all, at) })
	return n.read(ctx, all)
}

// read reads the orders of the partitions that are not known yet.
func (n *neighbours) read(ctx context.Context, partitions []partition) error {
	partitions = slices.DeleteFunc(partitions, func(p partition) bool { _, ok := n.orders[p]; return ok })
	columns := []string{"settle_type", "shop_order_id", "order_ext_id"}
	if n.linking {
		columns = n.rules.Columns()
	}
	lists, ids := make([][]uint64, len(partitions)), make([][]owned, len(partitions))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i, p := range partitions {
		reads.Go(func() error {
			for bill, err := range n.forward(ctx, p, columns...) {
				if err != nil {
					return err
				}
				lists[i] = append(lists[i], n.hash(bill.OrderKey()))
				if n.linking {
					for _, q := range linkIDsOfBills(n.rules, []reconcile.Bill{*bill}) {
						ids[i] = append(ids[i], owned{fingerprintOf(q).short(), bill.OrderKey()})
					}
				}
			}
			slices.Sort(lists[i])
			slices.SortFunc(ids[i], owned.compare)
			lists[i], ids[i] = slices.Compact(lists[i]), slices.Compact(ids[i])
			return nil
		})
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	for i, p := range partitions {
		n.orders[p], n.ids[p] = lists[i], ids[i]
	}
	if len(partitions) > 0 {
		clear(n.families)
	}
	return nil
}

// forward yields the forward bills of orders.
func (n *neighbours) forward(ctx context.Context, at partition, columns ...string) iter.Seq2[*reconcile.Bill, error] {
	return func(yield func(*reconcile.Bill, error) bool) {
		for row, err := range n.bills(ctx, at, columns...) {
			var bill reconcile.Bill
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				bill, err = reconcile.NewBill(at.day, row)
			}
			if err == nil && (!bill.Forward() || bill.OrderKey() == "") {
				continue
			}
			if !yield(&bill, err) || err != nil {
				return
			}
		}
	}
}

func (n *neighbours) hash(key string) uint64 { return maphash.String(n.seed, key) }

// forget gives up what is known of a day.
func (n *neighbours) forget(day schema.Day) {
	for bucket := range n.buckets {
		delete(n.orders, partition{day, bucket})
		delete(n.ids, partition{day, bucket})
	}
	clear(n.families)
}

// common returns what two sorted lists have in common.
func common(a, b []uint64) (both []uint64) {
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0], b[0]) {
		case -1:
			a = a[1:]
		case +1:
			b = b[1:]
		default:
			both = append(both, a[0])
			a, b = a[1:], b[1:]
		}
	}
	return both
}
