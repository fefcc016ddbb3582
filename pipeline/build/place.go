package build

import (
	"context"

	"billwalk/pipeline/reconcile"
)

// Place finds which settlements count in the partition of another process, of the orders that
// have a say in this one's. Settlements returns them.
func (p *Partition) Place(ctx context.Context, wanted func([]reconcile.Bill) bool) error {
	if err := p.openJoiner(ctx); err != nil {
		return err
	}
	rows := p.joiner.newRows()
	rows.take = p.joiner.claims.take
	for bills, err := range p.Orders() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if !wanted(bills) {
			continue
		}
		known, err := rows.readOrder(bills)
		if err != nil {
			return err
		}
		if len(known.bills) == 0 {
			continue
		}
		if err := rows.reconcile(&rows.outcome, &known); err != nil {
			return err
		}
		for i := range rows.outcome.Settlements {
			p.joiner.written.Add(&rows.outcome.Settlements[i].Settlement)
		}
	}
	return nil
}
