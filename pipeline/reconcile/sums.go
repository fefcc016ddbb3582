package reconcile

import (
	"fmt"

	"billwalk/schema"
)

// tally is the sum of some rows, leg by leg.
type tally struct {
	rows    int64
	sum     schema.Legs           // of the known amounts; NULL if there are none
	missing [schema.LegCount]bool // legs with NULL in some row
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

// addSettlement adds the amounts of a successful settlement, and nothing of others.
func (t *tally) addSettlement(s *settlement) error {
	if s.Status != schema.StatusSuccess {
		return nil
	}
	return t.add(&s.legs)
}

// sums are the amounts of bills and successful settlements of a group.
type sums struct{ billed, settled tally }

// sums returns the sums of all bills and settlements of the group.
func (g *group) sums() (s sums, err error) {
	if err := s.billed.addBills(g.bills); err != nil {
		return s, err
	}
	for _, own := range g.settled {
		if err := s.settled.addSettlement(own); err != nil {
			return s, err
		}
	}
	return s, nil
}

// differences returns settled - billed of the legs that no row has NULL.
func (s *sums) differences() (differences schema.Legs, err error) {
	for leg := range schema.LegCount {
		if s.billed.missing[leg] || s.settled.missing[leg] {
			continue
		}
		difference, err := s.settled.sum[leg].V.Sub(s.billed.sum[leg].V) // without settlements, settled is 0
		if err != nil {
			return differences, fmt.Errorf("difference of %s: %w", leg, err)
		}
		differences[leg] = schema.Some(difference)
	}
	return differences, nil
}

// differs reports whether a leg that no row has NULL is different.
func (s *sums) differs() bool {
	for leg := range schema.LegCount {
		if !s.billed.missing[leg] && !s.settled.missing[leg] && s.settled.sum[leg].V != s.billed.sum[leg].V {
			return true
		}
	}
	return false
}
