package build

import (
	"fmt"

	"billwalk/pipeline/reconcile"
	"billwalk/schema"
)

// conservation checks that the groups have every bill once, and all its money.
type conservation struct {
	bills, rows     int64
	billed, groups  [schema.LegCount]schema.Fen
	refunds, refund schema.Fen // of refund bills, and of their groups
	others, other   schema.Fen // of the others that are not forward
}

func (c *conservation) bill(b *reconcile.Bill) error {
	c.bills++
	switch {
	case b.SettleType == reconcile.RefundType:
		return addTo(&c.refunds, b.Legs[schema.LegTotal])
	case !b.Forward():
		return addTo(&c.others, b.Legs[schema.LegTotal])
	}
	for leg := range schema.LegCount {
		if err := addTo(&c.billed[leg], b.Legs[leg]); err != nil {
			return err
		}
	}
	return nil
}

func (c *conservation) group(r *schema.Reconciliation) error {
	c.rows += r.BillRows
	for leg := range schema.LegCount {
		if err := addTo(&c.groups[leg], r.Billed[leg]); err != nil {
			return err
		}
	}
	if err := addTo(&c.refund, r.Refund); err != nil {
		return err
	}
	return addTo(&c.other, r.Other)
}

// add adds the counts and sums of other bills and groups.
func (c *conservation) add(other *conservation) (err error) {
	c.bills, c.rows = c.bills+other.bills, c.rows+other.rows
	add := func(sum *schema.Fen, v schema.Fen) {
		if err == nil {
			*sum, err = sum.Add(v)
		}
	}
	for leg := range schema.LegCount {
		add(&c.billed[leg], other.billed[leg])
		add(&c.groups[leg], other.groups[leg])
	}
	add(&c.refunds, other.refunds)
	add(&c.refund, other.refund)
	add(&c.others, other.others)
	add(&c.other, other.other)
	return err
}

func (c *conservation) check() error {
	if c.bills != c.rows || c.billed != c.groups || c.refunds != c.refund || c.others != c.other {
		return fmt.Errorf("%d bills of %v, refunds of %v and others of %v fen are in groups as %d bills of %v, refunds of %v and others of %v fen; this is a bug, nothing is published",
			c.bills, c.billed, c.refunds, c.others, c.rows, c.groups, c.refund, c.other)
	}
	return nil
}

func addTo(sum *schema.Fen, v schema.Null[schema.Fen]) (err error) {
	if v.Valid {
		*sum, err = sum.Add(v.V)
	}
	return err
}
