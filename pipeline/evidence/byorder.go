package evidence

import (
	"iter"
	"slices"
	"strings"

	"billwalk/pipeline/intern"
	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// spanBills is how many bills are sorted by order at a time: they cost about
// 400 bytes each.
const spanBills = 200_000

// ReadBills reads columns of some bills. A bill yielded is good until the next.
type ReadBills func(columns ...string) iter.Seq2[*schema.Bill, error]

// ByOrder yields the bills of a partition order by order, by key. Bills lie in
// the file by account; where there are too many to be sorted in memory, they are
// read again for each range of keys.
func ByOrder(read ReadBills, rules *reconcile.Rules, day schema.Day) iter.Seq2[[]reconcile.Bill, error] {
	return func(yield func([]reconcile.Bill, error) bool) {
		bounds, err := spanBounds(read, day)
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range len(bounds) + 1 {
			span, err := readSpan(read, rules, day, bounds, i)
			if err != nil {
				yield(nil, err)
				return
			}
			for len(span) > 0 {
				n := 1
				for n < len(span) && sortKey(&span[n]) == sortKey(&span[0]) {
					n++
				}
				if !yield(span[:n:n], nil) {
					return
				}
				span = span[n:]
			}
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

// spanBounds returns the keys at which the bills are parted into spans, from a
// sample of them.
func spanBounds(read ReadBills, day schema.Day) ([]string, error) {
	var sample []string
	n := 0
	for row, err := range read("account_id", "shop_order_id", "order_ext_id") {
		if err != nil {
			return nil, err
		}
		if n%128 == 0 {
			b, err := reconcile.NewBill(day, row)
			if err != nil {
				return nil, err
			}
			sample = append(sample, sortKey(&b))
		}
		n++
	}
	slices.Sort(sample)
	spans := (n + spanBills - 1) / spanBills
	var bounds []string
	for i := 1; i < spans; i++ {
		bounds = append(bounds, sample[i*len(sample)/spans])
	}
	return slices.Compact(bounds), nil
}

// readSpan returns the bills of the i-th range of keys, by key.
func readSpan(read ReadBills, rules *reconcile.Rules, day schema.Day, bounds []string, i int) ([]reconcile.Bill, error) {
	var span []reconcile.Bill
	accounts := make(intern.Table)
	for row, err := range read(rules.Columns()...) {
		if err != nil {
			return nil, err
		}
		b, err := reconcile.NewBill(day, row)
		if err != nil {
			return nil, err
		}
		key := sortKey(&b)
		if i > 0 && key < bounds[i-1] || i < len(bounds) && key >= bounds[i] {
			continue
		}
		b.AccountID, b.Account = accounts.Intern(b.AccountID), schema.AccountID(accounts.Intern(string(b.Account)))
		span = append(span, b)
	}
	slices.SortStableFunc(span, func(a, b reconcile.Bill) int { return strings.Compare(sortKey(&a), sortKey(&b)) })
	return span, nil
}
