package settle

import "iter"

// each yields the orders.
func each(orders []order) iter.Seq2[order, error] {
	return func(yield func(order, error) bool) {
		for _, o := range orders {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// only yields those of the orders for which wanted, by their places, is true.
func only(orders iter.Seq2[order, error], wanted []bool) iter.Seq2[order, error] {
	return func(yield func(order, error) bool) {
		at := 0
		for o, err := range orders {
			if err != nil {
				yield(o, err)
				return
			}
			if wanted[at] && !yield(o, nil) {
				return
			}
			at++
		}
	}
}

// chunks yields the orders in slices of so many, each good for ever. Those before an error
// come before it.
func chunks(orders iter.Seq2[order, error], size int) iter.Seq2[[]order, error] {
	return func(yield func([]order, error) bool) {
		var chunk []order
		for o, err := range orders {
			if err != nil {
				if len(chunk) == 0 || yield(chunk, nil) {
					yield(nil, err)
				}
				return
			}
			if chunk = append(chunk, o); len(chunk) == size {
				if !yield(chunk, nil) {
					return
				}
				chunk = nil
			}
		}
		if len(chunk) > 0 {
			yield(chunk, nil)
		}
	}
}
