// Package progress counts what a run has done so far, for whoever displays it.
package progress

import "sync/atomic"

// Counter counts the work of one run. It is safe for concurrent use.
type Counter struct {
	units, unitsDone, unitsFound, underWay       atomic.Int64
	pages, pagesExpected, pagesFound, rows       atomic.Int64
	bills, billsSettled, orders, due, partitions atomic.Int64
}

// Counts are the numbers of a [Counter] at one time.
type Counts struct {
	Units, UnitsDone       int64 // planned, and ended
	UnderWay               int64 // thousandths of a unit that are walked of units that have not ended, added up
	UnitsFound, PagesFound int64 // units that ended because the archive has them, and pages of walks that were resumed
	Pages, PagesExpected   int64 // fetched, and expected by the last manifests; 0 where nothing is known
	Rows                   int64 // of the pages fetched
	Orders, OrdersDue      int64 // answered, and due so far
	Bills, BillsSettled    int64 // of the units that ended, and of those whose due orders are known
	Partitions             int64 // published
}

// OrdersExpected estimates how many orders are due in the whole run: as many per bill as so
// far, one per bill where no day has come to its orders yet, and as many bills in the units
// that are left as in those that ended. It is 0 where nothing is known.
func (c *Counts) OrdersExpected() int64 {
	if c.UnitsDone == 0 {
		return c.OrdersDue
	}
	bills := c.Bills*c.Units/c.UnitsDone - c.BillsSettled
	if c.BillsSettled > 0 {
		bills = bills * c.OrdersDue / c.BillsSettled
	}
	return c.OrdersDue + max(bills, 0)
}

// Percent returns how much of all units is walked, each as much as any other: 100 once all
// have ended, and not before.
func (c *Counts) Percent() int64 {
	if c.Units == 0 {
		return 0
	}
	percent := (c.UnitsDone*1000 + c.UnderWay) / (c.Units * 10)
	if c.UnitsDone < c.Units {
		return min(percent, 99)
	}
	return percent
}

// Counts returns the counts now.
func (c *Counter) Counts() Counts {
	return Counts{
		Units: c.units.Load(), UnitsDone: c.unitsDone.Load(), UnderWay: c.underWay.Load(),
		Pages: c.pages.Load(), PagesExpected: c.pagesExpected.Load(),
		UnitsFound: c.unitsFound.Load(), PagesFound: c.pagesFound.Load(),
		Orders: c.orders.Load(), OrdersDue: c.due.Load(), Bills: c.bills.Load(), BillsSettled: c.billsSettled.Load(),
		Rows: c.rows.Load(), Partitions: c.partitions.Load(),
	}
}

// Expect sets how many units the run has, and how many pages their walks are expected
// to have.
func (c *Counter) Expect(units, pages int) {
	c.units.Store(int64(units))
	c.pagesExpected.Store(int64(pages))
}

// UnitDone counts a unit that has ended, and its bills.
func (c *Counter) UnitDone(bills int64) {
	c.bills.Add(bills)
	c.unitsDone.Add(1)
}

// UnitUnderWay counts how far a unit is walked that has not ended: thousandths more than
// before, or less, as it ends or is walked again.
func (c *Counter) UnitUnderWay(thousandths int64) { c.underWay.Add(thousandths) }

// UnitFound counts a unit that an earlier run has walked, before it is counted as done.
func (c *Counter) UnitFound() { c.unitsFound.Add(1) }

// PagesFound counts pages of a walk that an earlier run has begun.
func (c *Counter) PagesFound(n int) { c.pagesFound.Add(int64(n)) }

// PageFetched counts a page and its rows.
func (c *Counter) PageFetched(rows int) {
	c.pages.Add(1)
	c.rows.Add(int64(rows))
}

// ExpectOrders counts further orders that are due.
func (c *Counter) ExpectOrders(n int) { c.due.Add(int64(n)) }

// SettleBills counts bills whose due orders become known.
func (c *Counter) SettleBills(n int64) { c.billsSettled.Add(n) }

// OrderAnswered counts an order that the settle query has answered.
func (c *Counter) OrderAnswered() { c.orders.Add(1) }

// PartitionPublished counts a published partition.
func (c *Counter) PartitionPublished() { c.partitions.Add(1) }
