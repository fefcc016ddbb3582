package reconcile

import (
	"fmt"

	"billwalk/schema"
)

// tally adds up rows, leg by leg.
type tally struct {
	rows    int64
	sum     schema.Legs           // of what is known; NULL if nothing is
	missing [schema.LegCount]bool // a row has NULL
}

func (t *tally) add(legs *schema.Legs) error {
	t.rows++
	for leg := range schema.LegCount {
		if !legs[leg].Valid {
			t.missing[leg] = true
			continue
		}
		sum, err := t.sum[leg].V.Add(legs[leg].V)
		if err != nil {
			return fmt.Errorf("sum of %s: %w", leg, err)
		}
		t.sum[leg] = schema.Some(sum)
	}
	return nil
}

func (t *tally) addBills(bills []bill) error {
	for _, b := range bills {
		if err := t.add(&b.Legs); err != nil {
			return err
		}
	}
	return nil
}

// addSettlement adds the settlement's amounts: they count once it is successful.
func (t *tally) addSettlement(s *settlement) error {
	if s.Status != schema.StatusSuccess {
		return nil
	}
	return t.add(&s.legs)
}

// comparison is what came of holding sums against each other.
type comparison struct {
	compared bool // some leg could be compared
	differs  bool // one of them is outside the tolerance
	more     bool // more was settled than billed: of the total, and of no leg less
	reasons  []string
}

func (c *comparison) agrees() bool { return c.compared && !c.differs }

// compare holds sums of bills against sums of settlements; there are rows of
// both. The reasons are in the order of the legs.
func (r *Rules) compare(billed, settled *tally) (c comparison, err error) {
	less := false
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
			less = less || difference < -r.Tolerance
			c.more = c.more || leg == schema.LegTotal && difference > r.Tolerance
		}
	}
	c.more = c.more && !less
	return c, nil
}

// compare holds what is open of a set's groups against what is open of its
// settlements. Where either has nothing, or a settlement is under way, nothing is
// compared.
func (w *window) compare(some set) (comparison, error) {
	var billed, settled tally
	for _, s := range some.settlements {
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
	for _, g := range some.groups {
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
