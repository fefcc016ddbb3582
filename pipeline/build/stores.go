package build

import (
	"cmp"
	"context"
	"slices"

	"billwalk/pipeline/stores"
	"billwalk/schema"
)

// AddStores adds the stores of the partition's accounts, as the archive lists them for the
// day: those of the job's accounts if it asks for stores, and those of another job's accounts
// that its manifest names. A list that cannot be read back is a failure, and costs the account
// its stores alone.
func (p *Partition) AddStores(ctx context.Context, archive stores.Reader, wanted bool) (failures []schema.Failure, err error) {
	var rows []schema.Store
	for i := range p.manifest.Units {
		e := &p.manifest.Units[i]
		own := slices.ContainsFunc(p.builder.Accounts, func(a schema.Account) bool { return a.ID == e.Account.ID })
		if own && !wanted {
			continue
		}
		u := schema.Unit{Account: e.Account, Day: p.base.Day}
		more, err := p.loadStores(ctx, archive, e, own)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			e.Stores = nil
			failures = append(failures, schema.FailureOf(err, u))
		default:
			rows = append(rows, more...)
		}
	}
	slices.SortFunc(rows, func(a, b schema.Store) int {
		return cmp.Or(cmp.Compare(a.RootAccountID.V, b.RootAccountID.V), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.PoiID.V, b.PoiID.V))
	})
	for i := range rows {
		if err := p.stage.Append(&rows[i]); err != nil {
			return nil, err
		}
	}
	return failures, nil
}

// loadStores returns the stores of an account, and enters their list in its entry.
func (p *Partition) loadStores(ctx context.Context, archive stores.Reader, e *schema.Entry, own bool) ([]schema.Store, error) {
	if own {
		var err error
		if e.Stores, err = archive.Stores(ctx, schema.Unit{Account: e.Account, Day: p.base.Day}); err != nil {
			return nil, err
		}
	}
	if e.Stores == nil {
		return nil, nil
	}
	return stores.Rows(ctx, archive, e.Stores)
}
