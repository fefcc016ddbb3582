package withdraw

import (
	"context"
	"maps"
	"slices"

	"billwalk/schema"
)

// findPayees finds the payees of the bucket's accounts: a configured account is its own, and a
// root account has those that its bills of the days name, those of its stores, and those that
// the manifests know. Each payee is found once: its own configuration comes first.
func (b *bucketNight) findPayees(ctx context.Context) error {
	found := make(map[schema.AccountID]payee)
	roots := make(map[schema.AccountID]bool)
	for _, a := range b.Accounts {
		switch {
		case a.Root && a.ID.Bucket(b.Buckets) == b.bucket:
			roots[a.ID] = true
		case !a.Root && a.ID.Bucket(b.Buckets) == b.bucket:
			found[a.ID] = payee{Account: a, walk: a.ID}
		case !a.Root: // of another bucket, where its withdrawals are published, whatever roots pay it
			found[a.ID] = payee{}
		}
	}
	add := func(id string, walk schema.AccountID) {
		account, err := schema.ParseAccountID(id)
		if p, known := found[account]; err == nil && roots[walk] && (!known || p.named && p.walk > walk) {
			found[account] = payee{Account: schema.Account{ID: account}, walk: walk, named: true}
		}
	}
	if len(roots) > 0 {
		if err := b.addNamed(ctx, add); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if p := found[id]; p.walk != "" {
			b.payees = append(b.payees, p)
		}
	}
	return nil
}

// addNamed adds the payees that the manifests, the bills and the stores of the days name.
func (b *bucketNight) addNamed(ctx context.Context, add func(id string, walk schema.AccountID)) error {
	for day := b.From; day <= b.To; day++ {
		m, err := b.manifest(ctx, day)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if m.Withdrawals != nil && day < b.To {
			for _, p := range m.Withdrawals.Payees {
				add(string(p.Account.ID), p.WalkAccount)
			}
			continue
		}
		for row, err := range b.Lake.Rows(ctx, &schema.Bills, day, b.bucket, "account_id", "walk_account_id") {
			if err != nil {
				return err
			}
			bill := row.(*schema.Bill)
			add(bill.AccountID, bill.WalkAccountID)
		}
	}
	for row, err := range b.Lake.Rows(ctx, &schema.Stores, b.Last, b.bucket, "root_account_id", "account_id") {
		if err != nil {
			return err
		}
		if s := row.(*schema.Store); s.RootAccountID.Valid {
			add(s.AccountID, s.RootAccountID.V)
		}
	}
	return nil
}
