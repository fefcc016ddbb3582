package evidence

import (
	"iter"
	"slices"

	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

const (
	sortMemory = 32 << 20 // bytes of bills that are sorted at a time; one takes about 100
	keptMemory = 1 << 20  // bytes of bills that stay in memory once all are sorted
	billBlock  = 512      // bills that are decoded into one piece of memory
)

// BillSorter sorts the bills of a partition by order, on local disk where they are many. It
// is not safe for concurrent use.
type BillSorter struct {
	codec  billCodec
	sorter *spill.Sorter
	fault  error // of Add
}

// NewBillSorter returns a sorter of the bills of a day. It keeps what the rules use.
func NewBillSorter(rules *reconcile.Rules, day schema.Day) *BillSorter {
	return newBillSorter(rules, day, sortMemory)
}

func newBillSorter(rules *reconcile.Rules, day schema.Day, memory int) *BillSorter {
	columns := rules.Columns()
	codec := billCodec{day: day, certificates: slices.Contains(columns, "certificate_id"), verifications: slices.Contains(columns, "verify_id")}
	return &BillSorter{codec: codec, sorter: spill.NewSorter("bills by order", memory)}
}

// Close removes the local file.
func (s *BillSorter) Close() error { return s.sorter.Close() }

// Add adds the bills of a batch that count, in their order. An error is that of ByOrder, too.
func (s *BillSorter) Add(bills *schema.Batch) error {
	if s.fault == nil {
		s.fault = s.add(bills)
	}
	return s.fault
}

func (s *BillSorter) add(bills *schema.Batch) error {
	columns := billColumnsOf(bills)
	for i := range bills.Rows {
		if !columns.counts(i) {
			continue
		}
		parts, err := columns.parts(i)
		if err != nil {
			var bill schema.Bill
			schema.Bills.LoadFrom(bills, i, &bill)
			_, err = reconcile.NewBill(s.codec.day, &bill)
			return err
		}
		if err := s.sorter.Add(s.codec.encode(&parts)); err != nil {
			return err
		}
	}
	return nil
}

// End ends the bills, and gives most of the memory back.
func (s *BillSorter) End() error { return s.sorter.End(keptMemory) }

// ByOrder yields the bills order by order, by key; those of one order as they were added.
// It may be called again.
func (s *BillSorter) ByOrder() iter.Seq2[[]reconcile.Bill, error] {
	return func(yield func([]reconcile.Bill, error) bool) {
		if s.fault != nil {
			yield(nil, s.fault)
			return
		}
		var order []reconcile.Bill
		for record, err := range s.sorter.Sorted() {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(order) > 0 && string(record.Key) != s.codec.key {
				if !yield(order[:len(order):len(order)], nil) {
					return
				}
				order = order[len(order):]
			}
			if len(order) == cap(order) { // the bills before stay where they are
				order = append(make([]reconcile.Bill, 0, 2*len(order)+billBlock), order...)
			}
			order = append(order, s.codec.decode(record))
		}
		if len(order) > 0 {
			yield(order, nil)
		}
	}
}
