// Package progress counts what a run has done so far, for whoever displays it.
package progress

import "sync/atomic"

// Counter counts the work of one run. It is safe for concurrent use.
type Counter struct {
	units, unitsDone, pages, pagesExpected, rows, partitions atomic.Int64
	orders, ordersExpected                                   atomic.Int64
}

// Counts are the numbers of a [Counter] at one time.
type Counts struct {
	Units, UnitsDone       int64 // planned, and ended
	Pages, PagesExpected   int64 // fetched, and expected by the last manifests; 0 where nothing is known
	Rows                   int64 // of the pages fetched
	Orders, OrdersExpected int64 // answered, and due so far
	Partitions             int64 // published
}

// Counts returns the counts now.
func (c *Counter) Counts() Counts {
	return Counts{
		Units: c.units.Load(), UnitsDone: c.unitsDone.Load(),
		Pages: c.pages.Load(), PagesExpected: c.pagesExpected.Load(),
		Orders: c.orders.Load(), OrdersExpected: c.ordersExpected.Load(),
		Rows: c.rows.Load(), Partitions: c.partitions.Load(),
	}
}

// Expect sets how many units the run has, and how many pages their walks are expected
// to have.
func (c *Counter) Expect(units, pages int) {
	c.units.Store(int64(units))
	c.pagesExpected.Store(int64(pages))
}

// UnitDone counts a unit that has ended.
func (c *Counter) UnitDone() { c.unitsDone.Add(1) }

// PageFetched counts a page and its rows.
func (c *Counter) PageFetched(rows int) {
	c.pages.Add(1)
	c.rows.Add(int64(rows))
}

// ExpectOrders counts further orders that are due.
func (c *Counter) ExpectOrders(n int) { c.ordersExpected.Add(int64(n)) }

// OrderAnswered counts an order that the settle query has answered.
func (c *Counter) OrderAnswered() { c.orders.Add(1) }

// PartitionPublished counts a published partition.
func (c *Counter) PartitionPublished() { c.partitions.Add(1) }
