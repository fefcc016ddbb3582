package build

import (
	"context"

	"billwalk/schema"
)

// AddWithdrawals adds the withdrawals of the day as they are published, with their bills and
// exceptions. They are published by themselves, see package withdraw, and building the day's
// bills again changes nothing of them.
func (p *Partition) AddWithdrawals(ctx context.Context) error {
	if p.base.Manifest == nil || p.base.Manifest.Withdrawals == nil {
		return nil
	}
	p.manifest.Withdrawals = p.base.Manifest.Withdrawals
	for _, table := range []schema.AnyTable{&schema.Withdrawals, &schema.WithdrawnBills, &schema.Exceptions} {
		for row, err := range p.builder.Tables.Rows(ctx, table, p.base.Day, p.base.Bucket) {
			if err != nil {
				return err
			}
			if e, ok := row.(*schema.Exception); ok {
				if !e.Rule.OfWithdrawals() {
					continue
				}
				p.manifest.Exceptions[e.Rule]++
			}
			if err := p.stage.Append(row); err != nil {
				return err
			}
		}
	}
	return nil
}
