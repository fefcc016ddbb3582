package pipeline

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// wanted is an order of a day, and what may be asked for it.
type wanted struct {
	key       string
	account   schema.AccountID // the first of those that have a bill of it that day
	questions []schema.Query

	agrees       bool                // what is known matches all of its groups
	anew         bool                // what the archive has is no answer: all of it is asked
	told         bool                // callbacks tell all of it
	contradicted bool                // a callback has come since the last answer, and says otherwise
	orderID      schema.Null[string] // by which callbacks name it
}

// ordersOf adds the orders of a partition's bills to those of the day, each once:
// it is asked for under the first account that has a bill of it.
//
// note notes what is known of an order, of which these are the partition's forward
// bills of the day.
func ordersOf(bills iter.Seq2[[]reconcile.Bill, error], rules *reconcile.Rules, orders map[string]wanted, note func(*wanted, []reconcile.Bill) error) (forward int64, err error) {
	for bills, err := range bills {
		if err != nil {
			return 0, err
		}
		bills = slices.DeleteFunc(bills, func(b reconcile.Bill) bool { return !b.Forward() || b.OrderKey() == "" })
		if len(bills) == 0 {
			continue
		}
		forward += int64(len(bills))
		o := wanted{key: bills[0].OrderKey(), account: bills[0].Account, questions: rules.Questions(bills)}
		for i := range bills {
			o.account = min(o.account, bills[i].Account)
		}
		if err := note(&o, bills); err != nil {
			return 0, err
		}
		if other, ok := orders[o.key]; ok {
			o = o.with(other, rules.Match)
		}
		orders[o.key] = o
	}
	return forward, nil
}

// with adds what another partition has of the order: of the values to ask with,
// too, the smallest counts.
func (o wanted) with(other wanted, match []schema.Match) wanted {
	o.account = min(o.account, other.account)
	o.agrees, o.told, o.contradicted = o.agrees && other.agrees, o.told && other.told, o.contradicted || other.contradicted
	o.questions = slices.Concat(o.questions, other.questions)
	slices.SortFunc(o.questions, func(a, b schema.Query) int {
		return cmp.Or(cmp.Compare(slices.Index(match, a.Match), slices.Index(match, b.Match)), strings.Compare(a.Value, b.Value))
	})
	o.questions = slices.CompactFunc(o.questions, func(a, b schema.Query) bool { return a.Match == b.Match })
	return o
}

// survey returns a function that notes what is known of a partition's orders.
func (b *builder) survey(ctx context.Context, at schema.Partition) (func(*wanted, []reconcile.Bill) error, error) {
	elsewhere, err := b.evidence.BillsElsewhere(ctx, at)
	if err != nil {
		return nil, err
	}
	return func(o *wanted, bills []reconcile.Bill) error {
		bills = slices.Concat(bills, elsewhere[o.key])
		known, err := b.evidence.Order(at.Day, bills)
		if err != nil || len(known.Settlements) == 0 {
			return err
		}
		order := reconcile.Order{Key: o.key, Bills: bills, Answered: true, Published: known.Published, BuiltDays: b.evidence.BuiltDays()}
		for i := range known.Settlements {
			s := &known.Settlements[i].Settlement
			order.Settlements = append(order.Settlements, *s)
			if s.Source == schema.SourceCallback {
				o.orderID = s.OrderID
			}
		}
		o.told, o.contradicted = known.CoveredByCallbacks(bills), known.Contradicted()
		o.agrees, err = b.Rules.Agrees(at.Day, &order)
		return err
	}, nil
}
