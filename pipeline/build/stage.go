package build

import (
	"context"
	"slices"

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
	if err := p.addBills(ctx, stage); err != nil {
		stage.Close()
		return err
	}
	p.stage = stage
	return nil
}
