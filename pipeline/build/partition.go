package build

import (
	"context"
	"iter"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/evidence"
	"billwalk/pipeline/reconcile"
	"billwalk/pipeline/spill"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Builder builds the partitions of a run. It is not safe for concurrent use, but for
// reading bills.
type Builder struct {
	Config
	bases      []schema.Base      // of the partitions that may be built
	foreign    []*schema.Manifest // of partitions that other processes build
	partitions map[schema.Partition]*Partition
	outcomes   map[schema.Unit]walk.Outcome
}

// New returns a builder of partitions, of which the bases are published now.
func New(c Config, bases []schema.Base) *Builder {
	return &Builder{Config: c, bases: bases, partitions: make(map[schema.Partition]*Partition), outcomes: make(map[schema.Unit]walk.Outcome)}
}

// Bases returns what is published of the partitions that may be built.
func (b *Builder) Bases() []schema.Base { return b.bases }

// Close removes the local files of partitions that were not released.
func (b *Builder) Close() {
	for _, p := range b.partitions {
		p.close()
	}
}

// Release removes the local files of a day. Its bills are read from the lake from then on.
func (b *Builder) Release(day schema.Day) {
	for _, p := range b.Partitions(day) {
		p.close()
		delete(b.partitions, p.At())
	}
}

// Partitions returns the partitions of a day that are being built.
func (b *Builder) Partitions(day schema.Day) (all []*Partition) {
	for _, base := range b.bases {
		if p := b.partitions[at(&base)]; p != nil && base.Day == day {
			all = append(all, p)
		}
	}
	return all
}

// Outcomes returns what became of the units so far.
func (b *Builder) Outcomes() map[schema.Unit]walk.Outcome { return maps.Clone(b.outcomes) }

// Bills reads the bills of a partition: those that are staged, else those that are
// published.
func (b *Builder) Bills(ctx context.Context, at schema.Partition, columns ...string) iter.Seq2[*schema.Bill, error] {
	if p := b.partitions[at]; p != nil && p.stage != nil {
		return p.stage.Bills(columns...)
	}
	return b.Tables.Bills(ctx, at.Day, at.Bucket, columns...)
}

// published returns the certificate with which a unit is published, or nil.
func (b *Builder) published(u schema.Unit) *schema.Certificate {
	for _, m := range b.Published() {
		if m.Day != u.Day {
			continue
		}
		if e := m.Entry(u.Account.ID); e != nil && e.Certificate != nil {
			return e.Certificate
		}
	}
	return nil
}

func at(base *schema.Base) schema.Partition {
	return schema.Partition{Day: base.Day, Bucket: base.Bucket}
}

// Partition is one partition being built: first units are loaded, then it is staged,
// joined and published, in this order.
type Partition struct {
	builder  *Builder
	base     schema.Base
	manifest *schema.Manifest
	loads    errgroup.Group
	mu       sync.Mutex
	units    []*unit              // that are loaded
	file     *spill.Records       // their rows, until the bills are staged
	stage    Stage                // from then on
	orders   *evidence.BillSorter // the staged bills
	joiner   *joiner              // from the join on

	neighbour     bool // another process publishes it
	unmatchedOnly bool // the job has no unit in it: it is built for unmatched settlements
	restated      map[schema.Change]int64
}

// At returns the partition's day and bucket.
func (p *Partition) At() schema.Partition { return at(&p.base) }

// Staged reports whether the partition has bills to join. It has none where no unit of it
// was ever whole.
func (p *Partition) Staged() bool { return p.stage != nil }

// Orders yields the staged bills order by order, by key.
func (p *Partition) Orders() iter.Seq2[[]reconcile.Bill, error] { return p.orders.ByOrder() }

// Entry returns what the manifest will say of an account's unit, or nil. It may be changed
// until the partition is published.
func (p *Partition) Entry(id schema.AccountID) *schema.Entry { return p.manifest.Entry(id) }

// Entries returns what the manifest will say of the units. It may be changed until the
// partition is published.
func (p *Partition) Entries() []schema.Entry { return p.manifest.Units }

// Restated returns how many bills of this run's publication are restated.
func (p *Partition) Restated() map[schema.Change]int64 { return p.restated }

// Settlements returns the settlements that count in the joined partition.
func (p *Partition) Settlements() *evidence.Placements { return &p.joiner.written }

// Left returns, by day, how many orders of the joined partition have bills on a day that this run
// does not build, and got a bill or a settlement here that the verdicts of that day would know of,
// were it built again.
func (p *Partition) Left() map[schema.Day]int64 { return p.joiner.left }

// NothingToPublish reports whether the joined partition was built for unmatched settlements
// and has none.
func (p *Partition) NothingToPublish() bool {
	return p.unmatchedOnly && p.base.Manifest == nil && p.manifest.Verdicts[schema.SettlementOnly] == 0
}

// rows returns the number of staged bills.
func (p *Partition) rows() (n int64) {
	for i := range p.manifest.Units {
		n += p.manifest.Units[i].Totals.Rows
	}
	return n
}

// published returns what the base says of an account's unit, or nil.
func (p *Partition) published(id schema.AccountID) *schema.Entry {
	if p.base.Manifest == nil {
		return nil
	}
	return p.base.Manifest.Entry(id)
}

// close gives back what the partition holds, published or not.
func (p *Partition) close() {
	_ = p.loads.Wait() // Stage returned its error, or it does not matter
	p.closeFile()
	if p.orders != nil {
		p.orders.Close()
	}
	if p.stage != nil {
		p.stage.Close()
	}
}

func (p *Partition) closeFile() {
	if p.file != nil {
		p.file.Close()
		p.file, p.units = nil, nil
	}
}
