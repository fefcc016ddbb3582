package build

import (
	"context"
	"iter"
	"maps"
	"slices"

	"billwalk/pipeline/evidence"
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
func (p *Partition) withoutMoved(ctx context.Context, pairs []billPair, columns []string) ([]billPair, error) {
	now, err := p.partners(ctx, pairs, func(pair billPair) *schema.Bill { return missing(pair.before, pair.after) }, p.builder.billsAnywhere)
	if err != nil {
		return nil, err
	}
	published := func(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
		return p.builder.Tables.Bills(ctx, at.Day, at.Bucket, columns...)
	}
	before, err := p.partners(ctx, pairs, func(pair billPair) *schema.Bill { return missing(pair.after, pair.before) }, published)
	if err != nil {
		return nil, err
	}
	kept := pairs[:0]
	for _, pair := range pairs {
		switch {
		case pair.after == nil:
			pair.after = now[pair.before.Key()]
			if pair.after != nil && len(differing(pair.before, pair.after, columns)) == 0 {
				continue
			}
		case pair.before == nil && before[pair.after.Key()] != nil:
			continue // it is restated in its former partition
		}
		kept = append(kept, pair)
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
func (p *Partition) partners(ctx context.Context, pairs []billPair, bill func(billPair) *schema.Bill, read evidence.ReadPartition) (map[schema.BillKey]*schema.Bill, error) {
	missed, buckets := make(map[schema.BillKey]bool), make(map[int]bool)
	for _, pair := range pairs {
		b := bill(pair)
		if b == nil {
			continue
		}
		for _, bucket := range p.movesWith(b) {
			missed[b.Key()], buckets[bucket] = true, true
		}
	}
	found := make(map[schema.BillKey]*schema.Bill)
	for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
		for b, err := range read(ctx, schema.Partition{Day: p.base.Day, Bucket: bucket}) {
			if err != nil {
				return nil, err
			}
			if key := b.Key(); missed[key] && found[key] == nil {
				found[key] = cloneBill(b)
			}
		}
	}
	return found, nil
}

// movesWith returns the other buckets in which a bill may stand as well: that of
// the account that is paid, and those of the root accounts.
func (p *Partition) movesWith(b *schema.Bill) (buckets []int) {
	add := func(id schema.AccountID) {
		if bucket := id.Bucket(p.builder.Buckets); id != b.WalkAccountID && bucket != p.base.Bucket {
			buckets = append(buckets, bucket)
		}
	}
	for _, account := range p.builder.Accounts {
		if account.Root || account.ID == schema.AccountID(b.AccountID) {
			add(account.ID)
		}
	}
	return buckets
}
