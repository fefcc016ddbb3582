package pipeline

import "sync/atomic"

// Progress counts what a run has done so far, for whoever displays it. Safe for
// concurrent use.
type Progress struct {
	units, unitsDone, pages, pagesExpected, rows, partitions atomic.Int64
	orders, ordersExpected                                   atomic.Int64
}

// Done so far, and what is to come.
type Done struct {
	Units, UnitsDone       int64
	Pages, PagesExpected   int64 // expected by the last manifests; 0 where nothing is known
	Rows                   int64
	Orders, OrdersExpected int64 // asked for, and those that were due so far
	Partitions             int64 // published
}

// Done returns the counts now.
func (p *Progress) Done() Done {
	return Done{
		Units: p.units.Load(), UnitsDone: p.unitsDone.Load(),
		Pages: p.pages.Load(), PagesExpected: p.pagesExpected.Load(),
		Orders: p.orders.Load(), OrdersExpected: p.ordersExpected.Load(),
		Rows: p.rows.Load(), Partitions: p.partitions.Load(),
	}
}

func (p *Progress) page(rows int) {
	p.pages.Add(1)
	p.rows.Add(int64(rows))
}
