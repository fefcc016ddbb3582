package evidence

import (
	"iter"

	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

// sortMemory is how many bytes of bills are sorted by order at a time; one takes about 100.
const sortMemory = 32 << 20

// billBlock is how many bills are decoded into one piece of memory.
const billBlock = 512

// ReadBills reads columns of some bills. A bill yielded is good until the next.
type ReadBills func(columns ...string) iter.Seq2[*schema.Bill, error]

// ByOrder yields the bills of a partition order by order, by key; those of one order in the
// order of the file. The bills are read once, and sorted on local disk where they are too
// many.
func ByOrder(read ReadBills, rules *reconcile.Rules, day schema.Day) iter.Seq2[[]reconcile.Bill, error] {
	return byOrder(read, rules, day, sortMemory)
}

func byOrder(read ReadBills, rules *reconcile.Rules, day schema.Day, memory int) iter.Seq2[[]reconcile.Bill, error] {
	return func(yield func([]reconcile.Bill, error) bool) {
		sorter := spill.NewSorter("bills by order", memory)
		defer sorter.Close()
		codec := billCodec{day: day}
		if err := codec.addAll(sorter, read(rules.Columns()...)); err != nil {
			yield(nil, err)
			return
		}
		var order []reconcile.Bill
		for record, err := range sorter.Sorted() {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(order) > 0 && string(record.Key) != codec.key {
				if !yield(order[:len(order):len(order)], nil) {
					return
				}
				order = order[len(order):]
			}
			if len(order) == cap(order) { // the bills before stay where they are
				order = append(make([]reconcile.Bill, 0, 2*len(order)+billBlock), order...)
			}
			order = append(order, codec.decode(record))
		}
		if len(order) > 0 {
			yield(order, nil)
		}
	}
}

// sortKey is the order of a bill; those without one stay together by account.
func sortKey(b *reconcile.Bill) string {
	if key := b.OrderKey(); key != "" {
		return key
	}
	return "bill:" + b.AccountID
}
