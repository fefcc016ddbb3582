package settle

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// order is an order of a day, and how it may be queried.
type order struct {
	key     string
	account schema.AccountID // the first of those that have a bill of it that day
	queries []schema.Query

	agrees       bool                // what is known matches all of its groups
	unanswered   bool                // the archive has no valid answer: all queries are made
	covered      bool                // callbacks cover all of it
	contradicted bool                // a callback has come since the last answer, and says otherwise
	orderID      schema.Null[string] // by which callbacks name it
}

// Partition is a partition of the day whose orders are queried.
type Partition struct {
	At     schema.Partition
	Orders iter.Seq2[[]reconcile.Bill, error] // its bills order by order, by key
}

// orders returns the orders of a day's partitions, each once, and how many forward bills
// they have. Close the list.
func (s *Settler) orders(ctx context.Context, partitions []Partition) (list *orderList, forward int64, err error) {
	codec := orderCodec(s.Rules.Match)
	sorter := spill.NewSorter("orders", orderMemory)
	defer sorter.Close()
	if forward, err = s.eachOrder(ctx, partitions, func(o *order) error { return sorter.Add([]byte(o.key), codec.append(nil, o)) }); err != nil {
		return nil, 0, err
	}
	if list, err = newOrderList(codec); err != nil {
		return nil, 0, err
	}
	if err := list.addSorted(sorter.Sorted()); err != nil {
		list.close()
		return nil, 0, err
	}
	return list, forward, nil
}

const orderMemory = 16 << 20 // bytes of orders that are sorted at a time

// eachOrder calls add for the orders of each partition, and returns how many forward bills
// they have.
func (s *Settler) eachOrder(ctx context.Context, partitions []Partition, add func(*order) error) (forward int64, err error) {
	for _, p := range partitions {
		elsewhere, err := s.Evidence.BillsElsewhere(ctx, p.At)
		if err != nil {
			return 0, err
		}
		if err := s.Evidence.LoadShared(ctx, p.At.Day); err != nil {
			return 0, err
		}
		for bills, err := range p.Orders {
			if err != nil {
				return 0, err
			}
			bills = slices.DeleteFunc(bills, func(b reconcile.Bill) bool { return !b.Forward() || b.OrderKey() == "" })
			if len(bills) == 0 {
				continue
			}
			forward += int64(len(bills))
			o := newOrder(bills, s.Rules)
			if err := s.addKnown(&o, p.At.Day, slices.Concat(bills, elsewhere[o.key])); err != nil {
				return 0, err
			}
			if err := add(&o); err != nil {
				return 0, err
			}
		}
	}
	return forward, nil
}

// newOrder returns an order, of which these are the partition's forward bills.
func newOrder(bills []reconcile.Bill, rules *reconcile.Rules) order {
	o := order{key: bills[0].OrderKey(), account: bills[0].Account, queries: rules.Queries(bills)}
	for i := range bills {
		o.account = min(o.account, bills[i].Account)
	}
	return o
}

// addKnown adds what is known of an order's settlements. bills are those of the window.
func (s *Settler) addKnown(o *order, day schema.Day, bills []reconcile.Bill) error {
	known, err := s.Evidence.Order(day, bills)
	if err != nil || len(known.Settlements) == 0 {
		return err
	}
	judged := reconcile.Order{Key: o.key, Bills: bills, Answered: true, Published: known.Published, BuiltDays: s.Evidence.BuiltDays()}
	for i := range known.Settlements {
		row := &known.Settlements[i].Settlement
		judged.Settlements = append(judged.Settlements, *row)
		if row.Source == schema.SourceCallback {
			o.orderID = row.OrderID
		}
	}
	o.covered, o.contradicted = known.CoveredByCallbacks(bills), known.Contradicted()
	o.agrees, err = s.Rules.Agrees(day, &judged)
	return err
}

// merge adds what another partition has of the order. It is queried under the first
// account, and of the values of a rule the smallest is taken.
func (o order) merge(other order, match []schema.Match) order {
	o.account = min(o.account, other.account)
	o.agrees, o.covered, o.contradicted = o.agrees && other.agrees, o.covered && other.covered, o.contradicted || other.contradicted
	o.queries = slices.Concat(o.queries, other.queries)
	slices.SortFunc(o.queries, func(a, b schema.Query) int {
		return cmp.Or(cmp.Compare(slices.Index(match, a.Match), slices.Index(match, b.Match)), strings.Compare(a.Value, b.Value))
	})
	o.queries = slices.CompactFunc(o.queries, func(a, b schema.Query) bool { return a.Match == b.Match })
	return o
}
