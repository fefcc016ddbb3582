package evidence

import (
	"cmp"
	"context"
	"hash/maphash"
	"iter"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// ReadPartition reads columns of the bills of a partition.
type ReadPartition func(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error]

// billIndex finds the bills that an order has in other partitions than the one that is
// built: on other days of the window, or in another bucket. Most orders have
// none, so it keeps a hash for each order of a partition.
type billIndex struct {
	rules   *reconcile.Rules
	buckets int
	read    ReadPartition
	seed    maphash.Seed
	orders  map[schema.Partition][]uint64 // of forward bills, sorted
	linking bool                          // there are callbacks to be linked
	ids     map[schema.Partition][]billID // then: what links callbacks to forward bills, sorted
	shared  sharedIDs

	mu        sync.Mutex
	byOrderID map[orderIDDay]*orderIDLinks
}

// billID is an id by which callbacks may name an order.
type billID struct {
	id    uint64
	order string
}

func (b billID) compare(other billID) int {
	return cmp.Or(cmp.Compare(b.id, other.id), strings.Compare(b.order, other.order))
}

// orderIDDay is an order_id that callbacks name, and the day of the event.
type orderIDDay struct {
	order idHash
	day   schema.Day
}

// orderIDLinks is how the settlements of one order_id are linked to bills.
type orderIDLinks struct {
	owner string                  // the order that the ids of all these settlements lead to, or ""
	days  map[string][]schema.Day // by order: the days on which its bills have one of the ids; filled when needed
}

func newBillIndex(rules *reconcile.Rules, buckets int, read ReadPartition) *billIndex {
	return &billIndex{
		rules: rules, buckets: buckets, read: read, seed: maphash.MakeSeed(),
		orders: make(map[schema.Partition][]uint64), ids: make(map[schema.Partition][]billID), byOrderID: make(map[orderIDDay]*orderIDLinks),
		shared: newSharedIDs(rules.Match),
	}
}

// elsewhere returns, by order, the forward bills that the orders of a partition have in
// others of the window.
func (x *billIndex) elsewhere(ctx context.Context, at schema.Partition) (map[string][]reconcile.Bill, error) {
	bills := make(map[string][]reconcile.Bill)
	if alone, err := x.isAlone(ctx, at); err != nil || alone {
		return bills, err
	}
	if err := x.loadAround(ctx, at.Day); err != nil {
		return nil, err
	}
	for other := range x.partitions(at.Day, schema.Day(x.rules.Lookback)) {
		if other == at {
			continue
		}
		shared := common(x.orders[at], x.orders[other])
		if len(shared) == 0 {
			continue
		}
		for bill, err := range x.forward(ctx, other, x.rules.Columns()...) {
			if err != nil {
				return nil, err
			}
			key := bill.OrderKey()
			if _, ok := slices.BinarySearch(shared, x.hash(key)); ok {
				bills[key] = append(bills[key], *bill)
			}
		}
	}
	return bills, nil
}

// isAlone reports whether no other partition of the window has orders. Then those of the
// partition need not be loaded, unless callbacks are to be linked to them.
func (x *billIndex) isAlone(ctx context.Context, at schema.Partition) (bool, error) {
	if x.linking {
		return false, nil
	}
	others := slices.DeleteFunc(slices.Collect(x.partitions(at.Day, schema.Day(x.rules.Lookback))), func(p schema.Partition) bool { return p == at })
	if err := x.load(ctx, slices.Clone(others)); err != nil { // which leaves out those it knows
		return false, err
	}
	return !slices.ContainsFunc(others, func(p schema.Partition) bool { return len(x.orders[p]) > 0 }), nil
}

// loadAround loads the orders of the day's window; where there are callbacks, of
// all days whose bills they may be of.
func (x *billIndex) loadAround(ctx context.Context, day schema.Day) error {
	window := schema.Day(x.rules.Lookback)
	if x.linking {
		window = linkDays(x.rules.Lookback)
	}
	return x.load(ctx, slices.Collect(x.partitions(day, window)))
}

// loadDays loads the orders of days.
func (x *billIndex) loadDays(ctx context.Context, days []schema.Day) error {
	var partitions []schema.Partition
	for _, day := range days {
		partitions = slices.AppendSeq(partitions, x.partitions(day, 0))
	}
	return x.load(ctx, partitions)
}

// has reports whether an order has a bill on a day that is loaded.
func (x *billIndex) has(day schema.Day, order string) bool {
	hash := x.hash(order)
	for at := range x.partitions(day, 0) {
		if _, ok := slices.BinarySearch(x.orders[at], hash); ok {
			return true
		}
	}
	return false
}

// load loads the orders of the partitions that are not known yet.
func (x *billIndex) load(ctx context.Context, partitions []schema.Partition) error {
	partitions = slices.DeleteFunc(partitions, func(p schema.Partition) bool { _, ok := x.orders[p]; return ok })
	all := make([]partitionIDs, len(partitions))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i, p := range partitions {
		reads.Go(func() (err error) {
			all[i], err = x.loadOne(ctx, p)
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	added := make(map[schema.Day][]idOfOrder)
	for i, p := range partitions {
		x.orders[p], x.ids[p] = all[i].orders, all[i].links
		added[p.Day] = append(added[p.Day], all[i].queries...)
	}
	for day, ids := range added {
		x.shared.add(day, ids)
	}
	if len(partitions) > 0 {
		clear(x.byOrderID)
	}
	return nil
}

// loadOne returns by what the bills of a partition are known.
func (x *billIndex) loadOne(ctx context.Context, at schema.Partition) (ids partitionIDs, err error) {
	columns := x.shared.columns("settle_type", "shop_order_id", "order_ext_id")
	if x.linking {
		columns = x.rules.Columns()
	}
	for bill, err := range x.forward(ctx, at, columns...) {
		if err != nil {
			return partitionIDs{}, err
		}
		order := x.hash(bill.OrderKey())
		ids.orders = append(ids.orders, order)
		ids.queries = x.shared.appendIDs(ids.queries, bill, order)
		if !x.linking {
			continue
		}
		for _, q := range billLinkIDs(x.rules, []reconcile.Bill{*bill}) {
			ids.links = append(ids.links, billID{hashQuery(q).short(), bill.OrderKey()})
		}
	}
	slices.Sort(ids.orders)
	slices.SortFunc(ids.links, billID.compare)
	ids.orders, ids.links = slices.Compact(ids.orders), slices.Compact(ids.links)
	return ids, nil
}

// forward yields the forward bills of orders, those that count.
func (x *billIndex) forward(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*reconcile.Bill, error] {
	return func(yield func(*reconcile.Bill, error) bool) {
		for row, err := range x.read(ctx, at, slices.Concat(columns, []string{"counted"})...) {
			var bill reconcile.Bill
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && !row.Counts() {
				continue
			}
			if err == nil {
				bill, err = reconcile.NewBill(at.Day, row)
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

func (x *billIndex) hash(order string) uint64 { return maphash.String(x.seed, order) }

// forget gives up what is known of a day.
func (x *billIndex) forget(day schema.Day) {
	for bucket := range x.buckets {
		delete(x.orders, schema.Partition{Day: day, Bucket: bucket})
		delete(x.ids, schema.Partition{Day: day, Bucket: bucket})
	}
	x.shared.forget(day)
	clear(x.byOrderID)
}

// forgetAll gives up what is known.
func (x *billIndex) forgetAll() {
	clear(x.orders)
	clear(x.ids)
	clear(x.byOrderID)
	x.shared = newSharedIDs(x.rules.Match)
}

// ownerOf returns the smallest order, on the days around one, that has one of the
// ids; or "".
func (x *billIndex) ownerOf(day schema.Day, ids ...idHash) (order string) {
	for at := range x.partitions(day, linkDays(x.rules.Lookback)) {
		for _, id := range ids {
			i, _ := slices.BinarySearchFunc(x.ids[at], billID{id: id.short()}, billID.compare)
			if id == (idHash{}) || i == len(x.ids[at]) || x.ids[at][i].id != id.short() {
				continue
			}
			if found := x.ids[at][i].order; order == "" || found < order {
				order = found
			}
		}
	}
	return order
}

// daysWith returns the days around one on which an order has one of the ids.
func (x *billIndex) daysWith(day schema.Day, order string, ids ...idHash) (days []schema.Day) {
	for at := range x.partitions(day, linkDays(x.rules.Lookback)) {
		for _, id := range ids {
			if _, ok := slices.BinarySearchFunc(x.ids[at], billID{id.short(), order}, billID.compare); ok {
				days = append(days, at.Day)
			}
		}
	}
	return slices.Compact(days)
}

// partitions yields the partitions of a day, and of so many days before and after it,
// days ascending.
func (x *billIndex) partitions(day, window schema.Day) iter.Seq[schema.Partition] {
	return func(yield func(schema.Partition) bool) {
		for other := day - window; other <= day+window; other++ {
			for bucket := range x.buckets {
				if !yield(schema.Partition{Day: other, Bucket: bucket}) {
					return
				}
			}
		}
	}
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
