package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// Load loads a unit that has ended into its partition. It returns at once, except when all
// processors are loading.
func (b *Builder) Load(ctx context.Context, o walk.Outcome) error {
	p, err := b.open(ctx, schema.Partition{Day: o.Unit.Day, Bucket: o.Unit.Account.ID.Bucket(b.Buckets)})
	if err != nil {
		return err
	}
	b.outcomes[o.Unit] = o
	p.load(ctx, o)
	return nil
}

// AddUnmatchedBases adds the partitions of unmatched settlements, where the job has no unit
// in them: also those that had some, which a later event may have moved.
func (b *Builder) AddUnmatchedBases(ctx context.Context, days []schema.Day) error {
	bucket := schema.NoAccount.Bucket(b.Buckets)
	if slices.Contains(schema.BucketsOf(b.Accounts, b.Buckets), bucket) || !b.owns(bucket) {
		return nil
	}
	for _, day := range days {
		base, err := b.Lake.Base(ctx, day, bucket)
		if err != nil {
			return err
		}
		had := base.Manifest != nil && base.Manifest.Verdicts[schema.SettlementOnly] > 0
		if b.Evidence.HasCallbacksOn(day) || had {
			b.bases = append(b.bases, base)
		}
	}
	return nil
}

// OpenUnmatched begins the day's partition of unmatched settlements, where that may be
// built and no unit is in it.
func (b *Builder) OpenUnmatched(ctx context.Context, day schema.Day) error {
	to := schema.Partition{Day: day, Bucket: schema.NoAccount.Bucket(b.Buckets)}
	if b.partitions[to] != nil || b.base(to) == nil {
		return nil
	}
	p, err := b.open(ctx, to)
	if err != nil {
		return err
	}
	p.unmatchedOnly = true
	return nil
}

// base returns what is published of a partition that may be built, else nil.
func (b *Builder) base(of schema.Partition) *schema.Base {
	for i := range b.bases {
		if at(&b.bases[i]) == of {
			return &b.bases[i]
		}
	}
	return nil
}

// open returns a partition, which it begins where that was not done yet, with the units
// that are to be in it: the job's, and those that another job published, whose rows stay.
func (b *Builder) open(ctx context.Context, at schema.Partition) (*Partition, error) {
	if p := b.partitions[at]; p != nil {
		return p, nil
	}
	file, err := spill.NewRecords("bills")
	if err != nil {
		return nil, err
	}
	p := &Partition{
		builder: b, base: *b.base(at), file: file, restated: make(map[schema.Change]int64),
		manifest: &schema.Manifest{RunID: b.RunID, Job: b.Job, SignTable: normalise.SignTable, Commissions: schema.CommissionRule, RowRule: schema.RowRule},
	}
	b.partitions[at] = p
	p.loads.SetLimit(runtime.GOMAXPROCS(0))
	for _, account := range b.Accounts {
		if account.ID.Bucket(b.Buckets) == at.Bucket {
			p.manifest.Units = append(p.manifest.Units, schema.Entry{Account: account})
		}
	}
	own := len(p.manifest.Units)
	if p.base.Manifest != nil {
		for _, e := range p.base.Manifest.Units {
			if known := p.manifest.Entry(e.Account.ID); known != nil {
				known.Rules = e.Rules
				continue
			}
			e.Totals, e.Repeated, e.Elsewhere, e.Open, e.Mismatched, e.NeverAnswered = schema.Totals{}, 0, 0, 0, 0, 0
			p.manifest.Units = append(p.manifest.Units, e)
		}
	}
	for i := own; i < len(p.manifest.Units); i++ {
		p.loads.Go(func() error { return p.loadEntry(ctx, &p.manifest.Units[i]) })
	}
	return p, nil
}

// load loads a unit that has ended: where it failed, the last certified walk of it.
func (p *Partition) load(ctx context.Context, o walk.Outcome) {
	e := p.manifest.Entry(o.Unit.Account.ID)
	p.loads.Go(func() error {
		e.Certificate, e.Failure = o.Certificate, o.Failure
		if o.Failure != nil {
			last, _, err := p.builder.Archive.Unit(ctx, o.Unit)
			if err != nil { // the archive's cannot be read
				last = nil
				if published := p.published(o.Unit.Account.ID); published != nil {
					last = published.Certificate
				}
			}
			e.State, e.Certificate, e.Stale = schema.Failed, last, last != nil && last.Walk != ""
		} else {
			e.State = o.Certificate.State
			e.Stale = e.State == schema.Unavailable && o.Certificate.Walk != ""
		}
		return p.loadEntry(ctx, e)
	})
}

// loadEntry loads the rows of one unit. A unit whose archive does not hold what its
// certificate says is failed, and costs no other unit its rows; but where its rows are
// published, the partition stays as it is.
func (p *Partition) loadEntry(ctx context.Context, e *schema.Entry) error {
	if e.Certificate == nil || e.Certificate.Walk == "" {
		return nil
	}
	loaded, err := p.read(ctx, e, e.Certificate)
	if err == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.units = append(p.units, loaded)
		return nil
	}
	var damaged *schema.UnitError
	if !errors.As(err, &damaged) {
		return err
	}
	u := schema.Unit{Account: e.Account, Day: p.base.Day}
	if published := p.published(u.Account.ID); published != nil && published.Totals.Rows > 0 {
		return fmt.Errorf("%s stays as published: %w", u, err)
	}
	failure := schema.FailureOf(err, u)
	e.State, e.Stale, e.Failure, e.Certificate = schema.Failed, false, &failure, nil
	p.builder.Log.Error("a unit's archive is damaged", "account_id", u.Account.ID, "account_name", u.Account.Name, "bill_date", u.Day, "error", err)
	return nil
}

// read loads the rows of a certified walk.
func (p *Partition) read(ctx context.Context, entry *schema.Entry, c *schema.Certificate) (*unit, error) {
	l := newLoader(p.builder.Rows, p.file, &unit{entry: entry, certificate: c, payees: make(map[string]bool)})
	defer l.release()
	if err := l.load(ctx, p.builder.Recent, p.builder.Archive); err != nil {
		return nil, err
	}
	return l.unit, p.resolveRepeated(ctx, l.unit)
}

// elsewhere returns the units of accounts that a root account's walk found here and that,
// being configured themselves, are published in another bucket. What both walks found is left
// to the account's own.
func (p *Partition) elsewhere(ctx context.Context) (units []*unit, err error) {
	found := make(map[string]bool)
	for _, u := range p.units {
		if u.root() {
			maps.Copy(found, u.payees)
		}
	}
	for _, account := range p.builder.Accounts {
		if account.Root || !found[string(account.ID)] || account.ID.Bucket(p.builder.Buckets) == p.base.Bucket {
			continue
		}
		u := schema.Unit{Account: account, Day: p.base.Day}
		c := p.builder.outcomes[u].Certificate
		if c == nil {
			if c, _, err = p.builder.Archive.Unit(ctx, u); err != nil {
				return nil, err
			}
		}
		if c != nil && c.Walk != "" {
			units = append(units, &unit{certificate: c})
		}
	}
	return units, nil
}
