package pipeline

import (
	"context"
	"iter"
	"maps"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// billPair is a bill before and after: nil where it was not there, or is no more.
type billPair struct{ before, after *schema.Bill }

func cloneBill(b *schema.Bill) *schema.Bill {
	if b == nil {
		return nil
	}
	own := *b
	return &own
}

// withoutMoved leaves out the bills that moved between this partition and another
// one of the day, as bills do between the walks of a root account and of its store.
// A bill that moved away and changed is a pair of both versions.
//
// It needs the other partitions as they were: a day's partitions are all joined
// before the first one is published.
func (a *assembly) withoutMoved(ctx context.Context, pairs []billPair, columns []string) ([]billPair, error) {
	now, err := a.partners(ctx, pairs, func(p billPair) *schema.Bill { return missing(p.before, p.after) }, a.bills)
	if err != nil {
		return nil, err
	}
	published := func(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
		return a.Lake.Bills(ctx, at.Day, at.Bucket, columns...)
	}
	before, err := a.partners(ctx, pairs, func(p billPair) *schema.Bill { return missing(p.after, p.before) }, published)
	if err != nil {
		return nil, err
	}
	kept := pairs[:0]
	for _, p := range pairs {
		switch {
		case p.after == nil:
			p.after = now[p.before.Key()]
			if p.after != nil && len(differing(p.before, p.after, columns)) == 0 {
				continue
			}
		case p.before == nil && before[p.after.Key()] != nil:
			continue // its former partition tells what changed
		}
		kept = append(kept, p)
	}
	return kept, nil
}

// missing returns a bill that has no counterpart, else nil.
func missing(b, counterpart *schema.Bill) *schema.Bill {
	if counterpart != nil {
		return nil
	}
	return b
}

// partners looks for bills in the partitions of the day that they may have moved
// to or from.
func (a *assembly) partners(ctx context.Context, pairs []billPair, bill func(billPair) *schema.Bill, read func(context.Context, schema.Partition, ...string) iter.Seq2[*schema.Bill, error]) (map[schema.BillKey]*schema.Bill, error) {
	wanted, buckets := make(map[schema.BillKey]bool), make(map[int]bool)
	for _, p := range pairs {
		b := bill(p)
		if b == nil {
			continue
		}
		for _, bucket := range a.movesWith(b) {
			wanted[b.Key()], buckets[bucket] = true, true
		}
	}
	found := make(map[schema.BillKey]*schema.Bill)
	for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
		for b, err := range read(ctx, schema.Partition{Day: a.base.Day, Bucket: bucket}) {
			if err != nil {
				return nil, err
			}
			if key := b.Key(); wanted[key] && found[key] == nil {
				found[key] = cloneBill(b)
			}
		}
	}
	return found, nil
}

// movesWith returns the other buckets in which a bill may stand as well: that of
// the account that is paid, and those of the root accounts.
func (a *assembly) movesWith(b *schema.Bill) (buckets []int) {
	add := func(id schema.AccountID) {
		if bucket := id.Bucket(a.Buckets); id != b.WalkAccountID && bucket != a.base.Bucket {
			buckets = append(buckets, bucket)
		}
	}
	for _, account := range a.Accounts {
		if account.Root || account.ID == schema.AccountID(b.AccountID) {
			add(account.ID)
		}
	}
	return buckets
}

// newStores returns the accounts, beside root accounts, whose own walk of the day is
// published for the first time.
func (a *assembly) newStores() map[string]bool {
	stores := make(map[string]bool)
	for _, account := range a.Accounts {
		u := schema.Unit{Account: account, Day: a.base.Day}
		was, _, _ := a.plan.published(u)
		if is := a.results[u].Certificate; !account.Root && is != nil && is.Walk != "" && (was == nil || was.Walk == "") {
			stores[string(account.ID)] = true
		}
	}
	return stores
}

// coveredByRoots returns the bills of new stores, as far as a root account's walk has
// them that was published before and changed since: of these the lake knew, and those
// that it did not have are added.
func (a *assembly) coveredByRoots(ctx context.Context, stores map[string]bool) (map[schema.BillKey]bool, error) {
	if len(stores) == 0 {
		return nil, nil
	}
	covered := make(map[schema.BillKey]bool)
	for _, account := range a.Accounts {
		u := schema.Unit{Account: account, Day: a.base.Day}
		was, _, _ := a.plan.published(u)
		if is := a.results[u].Certificate; account.Root && otherBills(was, is) {
			if err := a.addPayees(ctx, is, stores, covered); err != nil {
				return nil, err
			}
		}
	}
	return covered, nil
}

// addPayees adds the keys of a certified walk's bills that pay one of the accounts.
func (a *assembly) addPayees(ctx context.Context, c *schema.Certificate, payees map[string]bool, keys map[schema.BillKey]bool) error {
	for answer, err := range walk.Certified(ctx, a.Archive, c) {
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
