package reconcile

import (
	"fmt"

	"billwalk/schema"
)

// comparison is the result of comparing bills with settlements.
type comparison struct {
	compared bool // at least one leg was compared
	differs  bool // a compared leg differs by more than the tolerance
	exceeds  bool // the settled total is higher than the billed one, and no leg is lower
	reasons  []string
}

func (c *comparison) agrees() bool { return c.compared && !c.differs }

// compare compares sums of bills with sums of settlements, of which there is at least
// one each. The reasons are in the order of the legs.
func (r *Rules) compare(billed, settled *tally) (c comparison, err error) {
	lower := false
	for leg := range schema.LegCount {
		switch {
		case billed.missing[leg]:
			c.reasons = append(c.reasons, leg.NotBilled())
		case settled.missing[leg]:
			c.reasons = append(c.reasons, leg.NotSettled())
		default:
			difference, err := settled.sum[leg].V.Sub(billed.sum[leg].V)
			if err != nil {
				return comparison{}, fmt.Errorf("difference of %s: %w", leg, err)
			}
			c.compared = true
			if difference < -r.Tolerance || difference > r.Tolerance {
				c.differs = true
				c.reasons = append(c.reasons, leg.Differs())
			}
			lower = lower || difference < -r.Tolerance
			c.exceeds = c.exceeds || leg == schema.LegTotal && difference > r.Tolerance
		}
	}
	c.exceeds = c.exceeds && !lower
	return c, nil
}

// compare compares the open bills of a set with its open settlements. It compares
// nothing if there are none of either, or if a settlement is in flight.
func (w *window) compare(s set) (comparison, error) {
	var billed, settled tally
	for _, s := range s.settlements {
		if s.closed {
			continue
		}
		if !s.Status.Final() {
			return comparison{}, nil
		}
		if err := settled.addSettlement(s); err != nil {
			return comparison{}, err
		}
	}
	if settled.rows == 0 {
		return comparison{}, nil
	}
	for _, g := range s.groups {
		if g.open() {
			if err := billed.addBills(g.bills); err != nil {
				return comparison{}, err
			}
		}
	}
	if billed.rows == 0 {
		return comparison{}, nil
	}
	return w.rules.compare(&billed, &settled)
}
