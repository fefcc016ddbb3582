package build

import (
	"context"
	"iter"
	"slices"

	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// A neighbour is a partition that another process publishes, of a run that several share. Where
// this process needs its bills, it stages them, too, from the archive.

// owns reports whether this process publishes a bucket.
func (b *Builder) owns(bucket int) bool { return b.Owns == nil || b.Owns(bucket) }

// Neighbour reports whether another process publishes the partition.
func (p *Partition) Neighbour() bool { return p.neighbour }

// StageNeighbour stages a partition of another process, once. Its units are taken from the
// archive, as that process does.
func (b *Builder) StageNeighbour(ctx context.Context, of schema.Partition) error {
	if b.partitions[of] != nil {
		return nil
	}
	base, err := b.Lake.Base(ctx, of.Day, of.Bucket)
	if err != nil {
		return err
	}
	b.bases = append(b.bases, base)
	p, err := b.open(ctx, of)
	if err != nil {
		return err
	}
	p.neighbour = true
	for _, account := range b.Accounts {
		if account.ID.Bucket(b.Buckets) != of.Bucket {
			continue
		}
		c, _, err := b.Archive.Unit(ctx, schema.Unit{Account: account, Day: of.Day})
		if err != nil {
			return err
		}
		if c != nil {
			p.load(ctx, walk.Outcome{Unit: c.Unit(), Certificate: c})
		}
	}
	return p.Stage(ctx)
}

// Walked returns the certificates of the day's units that this process has walked.
func (b *Builder) Walked(day schema.Day) (certificates []*schema.Certificate) {
	for _, account := range b.Accounts {
		if c := b.outcomes[schema.Unit{Account: account, Day: day}].Certificate; c != nil && b.owns(account.ID.Bucket(b.Buckets)) {
			certificates = append(certificates, c)
		}
	}
	return certificates
}

// NoteForeign notes what became of a day's units that other processes have walked, by their
// certificates: as told, or in the archive where the process that has the bucket is silent.
func (b *Builder) NoteForeign(ctx context.Context, day schema.Day, told map[schema.AccountID]*schema.Certificate, silent func(bucket int) bool) error {
	for _, account := range b.Accounts {
		u, bucket := schema.Unit{Account: account, Day: day}, account.ID.Bucket(b.Buckets)
		if b.owns(bucket) {
			continue
		}
		c := told[account.ID]
		if c == nil && silent(bucket) {
			var err error
			if c, _, err = b.Archive.Unit(ctx, u); err != nil {
				return err
			}
		}
		if c != nil {
			b.outcomes[u] = walk.Outcome{Unit: u, Certificate: c}
		}
	}
	return nil
}

// AddForeign notes what is published of other processes' partitions when the run begins.
func (b *Builder) AddForeign(published ...*schema.Manifest) {
	b.foreign = append(b.foreign, slices.DeleteFunc(published, func(m *schema.Manifest) bool { return m == nil })...)
}

// Published returns what is published of all partitions, those of other processes included,
// when the run begins.
func (b *Builder) Published() []*schema.Manifest {
	all := slices.Clone(b.foreign)
	for _, base := range b.bases {
		if base.Manifest != nil {
			all = append(all, base.Manifest)
		}
	}
	return all
}

// billsAnywhere reads the bills of a partition, of whichever process, as they are to be
// published.
func (b *Builder) billsAnywhere(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
	built := slices.ContainsFunc(b.bases, func(base schema.Base) bool { return base.Day == at.Day })
	if !b.owns(at.Bucket) && built {
		if err := b.StageNeighbour(ctx, at); err != nil {
			return func(yield func(*schema.Bill, error) bool) { yield(nil, err) }
		}
	}
	return b.Bills(ctx, at, columns...)
}
