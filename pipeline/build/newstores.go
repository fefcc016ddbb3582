package build

import (
	"context"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// newStores returns the accounts, beside root accounts, whose own walk of the day is
// published for the first time.
func (p *Partition) newStores() map[string]bool {
	stores := make(map[string]bool)
	for _, account := range p.builder.Accounts {
		u := schema.Unit{Account: account, Day: p.base.Day}
		was := p.builder.published(u)
		if is := p.builder.outcomes[u].Certificate; !account.Root && is != nil && is.Walk != "" && (was == nil || was.Walk == "") {
			stores[string(account.ID)] = true
		}
	}
	return stores
}

// coveredByRoots returns the bills of new stores that the walk of a root account has, if
// that walk was published before and has changed since. The lake knew these bills.
func (p *Partition) coveredByRoots(ctx context.Context, stores map[string]bool) (map[schema.BillKey]bool, error) {
	if len(stores) == 0 {
		return nil, nil
	}
	covered := make(map[schema.BillKey]bool)
	for _, account := range p.builder.Accounts {
		u := schema.Unit{Account: account, Day: p.base.Day}
		was := p.builder.published(u)
		if is := p.builder.outcomes[u].Certificate; account.Root && otherBills(was, is) {
			if err := p.addPayees(ctx, is, stores, covered); err != nil {
				return nil, err
			}
		}
	}
	return covered, nil
}

// addPayees adds the keys of a certified walk's bills that pay one of the accounts.
func (p *Partition) addPayees(ctx context.Context, c *schema.Certificate, payees map[string]bool, keys map[schema.BillKey]bool) error {
	for answer, err := range walk.Certified(ctx, p.builder.Archive, c) {
		if err != nil {
			return err
		}
		page, err := normalise.DecodePage(answer.Body)
		if err != nil {
			return err
		}
		for i := range page.Records {
			if key := page.Records[i].Key(); payees[key.AccountID] {
				keys[key] = true
			}
		}
	}
	return nil
}
