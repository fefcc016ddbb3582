package build

import (
	"iter"

	"billwalk/pipeline/reconcile"
)

// ordersOrError is some orders, or why there are none.
type ordersOrError struct {
	orders [][]reconcile.Bill
	err    error
}

// orderChunks joins orders to chunks of n.
func orderChunks(orders iter.Seq2[[]reconcile.Bill, error], n int) iter.Seq[ordersOrError] {
	return func(yield func(ordersOrError) bool) {
		var chunk [][]reconcile.Bill
		for order, err := range orders {
			if err != nil {
				yield(ordersOrError{err: err})
				return
			}
			if chunk = append(chunk, order); len(chunk) == n {
				if !yield(ordersOrError{orders: chunk}) {
					return
				}
				chunk = nil
			}
		}
		if len(chunk) > 0 {
			yield(ordersOrError{orders: chunk})
		}
	}
}
