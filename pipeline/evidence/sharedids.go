package evidence

import (
	"cmp"
	"context"
	"slices"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// sharedIDs are the ids by which the settle query finds a settlement for several orders, such as
// one order_ext_id of two. Hardly any id is so: to find whether one is, 16 bytes are kept for each
// id of an order on a day, and more is known of those alone.
type sharedIDs struct {
	rules  []schema.Match                   // by which several orders may be found
	days   map[schema.Day][]idOfOrder       // of forward bills, sorted
	shared map[uint64]bool                  // by id: several orders have it, on whatever days
	owners map[schema.Day]map[uint64]string // by shared id: the smallest order that is queried by it on the day
}

// idOfOrder is a hash of an id, and one of an order that has it.
type idOfOrder struct{ id, order uint64 }

func (i idOfOrder) compare(other idOfOrder) int {
	return cmp.Or(cmp.Compare(i.id, other.id), cmp.Compare(i.order, other.order))
}

// newSharedIDs returns what is known of no bill. A shop_order_id finds its own order alone,
// unless another rule puts other ids into the same parameter.
func newSharedIDs(match []schema.Match) sharedIDs {
	rules := slices.DeleteFunc(slices.Clone(match), func(m schema.Match) bool {
		return m.Column == "shop_order_id" && !slices.ContainsFunc(match, func(other schema.Match) bool { return other.Parameter == m.Parameter && other != m })
	})
	return sharedIDs{rules, make(map[schema.Day][]idOfOrder), make(map[uint64]bool), make(map[schema.Day]map[uint64]string)}
}

// any reports whether several orders have an id.
func (x *sharedIDs) any() bool { return len(x.shared) > 0 }

// columns adds the columns of the ids to others.
func (x *sharedIDs) columns(others ...string) []string {
	for _, m := range x.rules {
		if !slices.Contains(others, m.Column) {
			others = append(others, m.Column)
		}
	}
	return others
}

// appendIDs appends the ids of a bill.
func (x *sharedIDs) appendIDs(to []idOfOrder, bill *reconcile.Bill, order uint64) []idOfOrder {
	for _, m := range x.rules {
		if value := bill.Value(m); value != "" {
			to = append(to, idOfOrder{hashID(m.Parameter, value).short(), order})
		}
	}
	return to
}

// add adds ids of a day's bills.
func (x *sharedIDs) add(day schema.Day, ids []idOfOrder) {
	if len(ids) == 0 {
		return
	}
	ids = append(ids, x.days[day]...)
	slices.SortFunc(ids, idOfOrder.compare)
	ids = slices.Compact(ids)
	known := len(x.shared)
	for i := 1; i < len(ids); i++ {
		if ids[i].id == ids[i-1].id {
			x.shared[ids[i].id] = true
		}
	}
	for other, others := range x.days {
		if other != day {
			x.compare(ids, others)
		}
	}
	x.days[day] = ids
	delete(x.owners, day)
	if len(x.shared) > known {
		clear(x.owners)
	}
}

// compare finds ids that an order has on one day, and another order on the other.
func (x *sharedIDs) compare(a, b []idOfOrder) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].id < b[0].id:
			a = a[1:]
		case a[0].id > b[0].id:
			b = b[1:]
		default:
			if a[0].order != b[0].order {
				x.shared[a[0].id] = true
			}
			a, b = a[1:], b[1:]
		}
	}
}

func (x *sharedIDs) forget(day schema.Day) {
	delete(x.days, day)
	delete(x.owners, day)
}

// loadOwners finds, for each shared id, the smallest order that is queried by it on a day that is
// loaded.
func (x *billIndex) loadOwners(ctx context.Context, day schema.Day) error {
	s := &x.shared
	if s.owners[day] != nil {
		return nil
	}
	owners, orders := make(map[uint64]string), make(map[uint64]bool)
	for _, one := range s.days[day] {
		if s.shared[one.id] {
			orders[one.order] = true
		}
	}
	if len(orders) > 0 {
		type orderRule struct {
			order string
			schema.Match
		}
		smallest := make(map[orderRule]string) // the id by which an order is queried
		for at := range x.partitions(day, 0) {
			for bill, err := range x.forward(ctx, at, x.rules.Columns()...) {
				if err != nil {
					return err
				}
				order := bill.OrderKey()
				if !orders[x.hash(order)] {
					continue
				}
				for _, q := range x.rules.Queries([]reconcile.Bill{*bill}) {
					key := orderRule{order, q.Match}
					if known, ok := smallest[key]; !ok || q.Value < known {
						smallest[key] = q.Value
					}
				}
			}
		}
		for key, value := range smallest {
			id := hashID(key.Parameter, value).short()
			if owner, ok := owners[id]; s.shared[id] && (!ok || key.order < owner) {
				owners[id] = key.order
			}
		}
	}
	s.owners[day] = owners
	return nil
}

// partitionIDs are by what the forward bills of a partition are known.
type partitionIDs struct {
	orders  []uint64    // sorted
	links   []billID    // that link callbacks to them, sorted
	queries []idOfOrder // by which the settle query may find several orders
}
