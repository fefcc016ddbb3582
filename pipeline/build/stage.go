package build

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Stage stages the bills and their exceptions, all units of the day having ended. A unit
// may turn out damaged only now: then its outcome is the failure.
func (p *Partition) Stage(ctx context.Context) error {
	err := p.stageBills(ctx)
	for _, e := range p.manifest.Units {
		u := schema.Unit{Account: e.Account, Day: p.base.Day}
		if was, ok := p.builder.outcomes[u]; ok && e.State == schema.Failed && was.Failure == nil {
			p.builder.outcomes[u] = walk.Outcome{Unit: u, Failure: e.Failure}
		}
	}
	return err
}

func (p *Partition) stageBills(ctx context.Context) error {
	defer p.closeFile()
	if err := p.loads.Wait(); err != nil {
		return err
	}
	if !p.unmatchedOnly && !slices.ContainsFunc(p.manifest.Units, func(e schema.Entry) bool { return e.Certificate != nil }) {
		return nil
	}
	if err := p.resolve(ctx); err != nil {
		return err
	}
	stage, err := p.builder.Lake.Stage(p.base)
	if err != nil {
		return err
	}
	p.orders = evidence.NewBillSorter(p.builder.Rules, p.base.Day)
	if err := p.addBills(ctx, sortingStage{stage, p.orders}); err != nil {
		stage.Close()
		return err
	}
	p.stage = stage
	return p.orders.End()
}

// sortingStage sorts the bills by order as they are staged: they need not be read again.
type sortingStage struct {
	Stage
	orders *evidence.BillSorter
}

// AppendBatch implements Stage. Bills are sorted while the table takes them, which keeps all
// processors busy for a part of the time only.
func (s sortingStage) AppendBatch(table schema.AnyTable, rows *schema.Batch) error {
	var sorting errgroup.Group
	if _, bills := table.(*schema.Table[schema.Bill]); bills {
		sorting.Go(func() error { return s.orders.Add(rows) })
	}
	err := s.Stage.AppendBatch(table, rows)
	return cmp.Or(sorting.Wait(), err)
}
