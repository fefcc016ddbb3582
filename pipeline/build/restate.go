package build

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"billwalk/schema"
)

// AddRestatements adds the settlements whose bills were removed, and the restatements: those
// published before, and the bills that differ from what is published now.
func (p *Partition) AddRestatements(ctx context.Context) error {
	if p.builder.Rules.Configured {
		if err := p.addRemoved(ctx); err != nil {
			return err
		}
	}
	var rows []schema.Restatement
	for r, err := range p.builder.Tables.Restatements(ctx, p.base.Day, p.base.Bucket) {
		if err != nil {
			return err
		}
		if p.base.Manifest != nil && r.NewGeneration > p.base.Manifest.Generation && !p.billsReplaced() {
			continue // a publication began with it and got no further: it is found again
		}
		rows = append(rows, *r)
	}
	found, err := p.findRestated(ctx)
	if err != nil {
		return err
	}
	rows = append(rows, found...)
	slices.SortStableFunc(rows, func(r, s schema.Restatement) int {
		return cmp.Or(r.BillKey.Compare(&s.BillKey), cmp.Compare(r.NewGeneration, s.NewGeneration))
	})
	for i := range rows {
		if rows[i].NewGeneration > p.base.Generation() {
			p.restated[rows[i].Change]++
		}
		if err := p.stage.Append(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// billsReplaced reports whether a publication was cut between the bills and the manifest.
// The values before it are then in its restatements alone, which are published first.
func (p *Partition) billsReplaced() bool {
	o := p.base.Manifest.Object(schema.Bills.Name)
	return o == nil || o.ETag != p.base.ETags[o.Table]
}

// findRestated compares the published bills with the staged ones. Only the accounts
// whose walk found other bills count, and the bills that a store's first walk takes
// over; a bill that moved from one walk to another and is the same is no restatement.
func (p *Partition) findRestated(ctx context.Context) ([]schema.Restatement, error) {
	accounts, stores := p.changed(), p.newStores()
	covered, err := p.coveredByRoots(ctx, stores)
	if len(stores) > 0 && p.base.Manifest == nil { // there is nothing to take over from
		stores = nil
	}
	if err != nil || len(accounts)+len(covered)+len(stores) == 0 {
		return nil, err
	}
	published, err := p.builder.Tables.BillColumns(ctx, p.base.Day, p.base.Bucket)
	if err != nil {
		return nil, err
	}
	columns := comparable(published)
	var pairs []billPair
	counts := func(b *schema.Bill) bool { return b != nil && (accounts[b.WalkAccountID] || covered[b.Key()]) }
	taken := func(b *schema.Bill) bool { // over from the walk of its root account
		return b != nil && stores[b.AccountID] && b.AccountID != string(b.WalkAccountID)
	}
	old := func(columns ...string) iter.Seq2[*schema.Bill, error] {
		return p.builder.Tables.Bills(ctx, p.base.Day, p.base.Bucket, columns...)
	}
	err = differences(old, p.stage.Bills, max(p.rows(), p.base.Rows(schema.Bills.Name)), columns, func(before, after *schema.Bill) error {
		if counts(before) || counts(after) || taken(before) {
			pairs = append(pairs, billPair{cloneBill(before), cloneBill(after)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if pairs, err = p.withoutMoved(ctx, pairs, columns); err != nil {
		return nil, err
	}
	rows := make([]schema.Restatement, len(pairs))
	for i, pair := range pairs {
		if rows[i], err = p.restatement(pair.before, pair.after, columns); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// changed returns the accounts whose published rows come from a walk that found other
// bills than the present one.
func (p *Partition) changed() map[schema.AccountID]bool {
	accounts := make(map[schema.AccountID]bool)
	for i := range p.manifest.Units {
		e := &p.manifest.Units[i]
		if was := p.published(e.Account.ID); was != nil && otherBills(was.Certificate, e.Certificate) {
			accounts[e.Account.ID] = true
		}
	}
	return accounts
}

// otherBills reports whether a unit whose rows are published has other bills now.
func otherBills(was, is *schema.Certificate) bool {
	return was != nil && was.Walk != "" && is != nil && was.Digest != is.Digest
}

// restatement returns the row of a bill that was added, removed or changed.
func (p *Partition) restatement(before, after *schema.Bill, columns []string) (schema.Restatement, error) {
	one := cmp.Or(after, before)
	r := schema.Restatement{
		BillKey: one.Key(), WalkAccountID: one.WalkAccountID, ShopOrderID: one.ShopOrderID, Change: schema.Changed,
		OldGeneration: p.base.Generation(), NewGeneration: p.base.NextGeneration(), RestatedAt: p.builder.Now().UTC(),
	}
	empty := new(schema.Bill)
	switch {
	case before == nil:
		r.Change, r.Columns = schema.Added, differing(empty, after, billColumns)
	case after == nil:
		r.Change, r.Columns = schema.Removed, differing(before, empty, billColumns)
	default:
		r.Columns = differing(before, after, columns)
	}
	r.Old, r.New = valuesOf(before, r.Columns), valuesOf(after, r.Columns)
	var err error
	if r.DiffTotal, err = change(before, after, schema.LedgerTotal); err == nil {
		r.DiffGoods, err = change(before, after, schema.Goods)
	}
	return r, err
}
