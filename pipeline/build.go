package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// result is what became of a unit: a certificate, or a failure.
type result struct {
	certificate *schema.Certificate
	failure     *schema.Failure
}

// builder builds partitions from the archive alone.
type builder struct {
	archive  Archive
	lake     Lake
	rows     normalise.Normaliser
	now      func() time.Time
	log      *slog.Logger
	runID    string
	job      string
	buckets  int
	accounts []schema.Account
}

// assembly is one (day, bucket) being built. Its units are loaded as they end,
// while others are still walked.
type assembly struct {
	*builder
	base  schema.Base
	m     *schema.Manifest
	spool *spool
	loads errgroup.Group
}

// assemble begins a partition with the units that are to be in it: the job's,
// and those that another job published, whose rows stay.
func (b *builder) assemble(ctx context.Context, base schema.Base) (*assembly, error) {
	spool, err := newSpool()
	if err != nil {
		return nil, err
	}
	a := &assembly{builder: b, base: base, spool: spool, m: &schema.Manifest{RunID: b.runID, Job: b.job, SignTable: normalise.SignTable}}
	a.loads.SetLimit(runtime.GOMAXPROCS(0))
	for _, account := range b.accounts {
		if account.ID.Bucket(b.buckets) == base.Bucket {
			a.m.Units = append(a.m.Units, schema.Entry{Account: account})
		}
	}
	own := len(a.m.Units)
	if base.Manifest != nil {
		for _, e := range base.Manifest.Units {
			if a.m.Entry(e.Account.ID) == nil {
				e.Totals, e.Repeated, e.Elsewhere = schema.Totals{}, 0, 0
				a.m.Units = append(a.m.Units, e)
			}
		}
	}
	for i := own; i < len(a.m.Units); i++ {
		a.loads.Go(func() error { return a.load(ctx, &a.m.Units[i]) })
	}
	return a, nil
}

// take loads a unit that has ended. It returns at once, but for when all
// processors are loading.
func (a *assembly) take(ctx context.Context, u schema.Unit, r result) {
	e := a.m.Entry(u.Account.ID)
	a.loads.Go(func() error {
		e.Certificate, e.Failure = r.certificate, r.failure
		if r.failure != nil {
			last, _, err := a.archive.Unit(ctx, u)
			if err != nil { // the archive's cannot be read
				last = nil
				if published := a.published(u); published != nil {
					last = published.Certificate
				}
			}
			e.State, e.Certificate, e.Stale = schema.Failed, last, last != nil && last.Walk != ""
		} else {
			e.State = r.certificate.State
			e.Stale = e.State == schema.Unavailable && r.certificate.Walk != ""
		}
		return a.load(ctx, e)
	})
}

// publish builds and publishes the partition, all units of its day having ended.
// Where no unit of it was ever whole, there is nothing to publish, and the
// manifest has no objects.
func (a *assembly) publish(ctx context.Context, results map[schema.Unit]result) (*schema.Manifest, error) {
	if err := a.loads.Wait(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(a.m.Units, func(e schema.Entry) bool { return e.Certificate != nil }) {
		return a.m, nil
	}
	if err := a.loadElsewhere(ctx, results); err != nil {
		return nil, err
	}
	if err := a.spool.sort(); err != nil {
		return nil, err
	}
	a.m.PublishedAt = a.now().UTC()
	return a.m, a.lake.Publish(ctx, a.base, a.m, func(rows schema.Rows) error { return a.fill(ctx, rows) })
}

// close gives back what the assembly holds, published or not.
func (a *assembly) close() {
	_ = a.loads.Wait() // its error was told by publish, or does not matter
	a.spool.close()
}

// load spools the records of one unit. A unit whose archive does not hold what
// its certificate says is failed, and costs no other unit its rows; but where
// its rows are published, the partition stays as it is.
func (a *assembly) load(ctx context.Context, e *schema.Entry) error {
	if e.Certificate == nil || e.Certificate.Walk == "" {
		return nil
	}
	u := schema.Unit{Account: e.Account, Day: a.base.Day}
	err := a.read(ctx, e.Certificate, spooledPage{entry: e, root: e.Certificate.Account.Root})
	var damaged *unitError
	if !errors.As(err, &damaged) {
		return err
	}
	if published := a.published(u); published != nil && published.Totals.Rows > 0 {
		return fmt.Errorf("%s stays as published: %w", u, err)
	}
	a.spool.drop(e)
	failure := failureOf(err, u)
	e.State, e.Stale, e.Failure, e.Certificate = schema.Failed, false, &failure, nil
	a.log.Error("a unit's archive is damaged", "account_id", u.Account.ID, "bill_date", u.Day, "error", err)
	return nil
}

// published returns what the base says of the unit, or nil.
func (a *assembly) published(u schema.Unit) *schema.Entry {
	if a.base.Manifest == nil {
		return nil
	}
	return a.base.Manifest.Entry(u.Account.ID)
}

// read spools a certified walk.
func (a *assembly) read(ctx context.Context, c *schema.Certificate, common spooledPage) error {
	u := c.Unit()
	for answer, err := range certified(ctx, a.archive, c) {
		if err != nil {
			return err
		}
		page, err := normalise.DecodePage(answer.Body)
		if err != nil {
			return &unitError{unit: u, err: fmt.Errorf("archive object %s: page %d: %w", answer.Key, answer.Page, err)}
		}
		common.Provenance = normalise.Provenance{Walk: u.Account.ID, Day: u.Day, LogID: answer.LogID, FetchedAt: answer.FetchedAt, ArchiveKey: answer.Key}
		common.number++
		if err := a.spool.add(common, page.Records); err != nil {
			return err
		}
	}
	return nil
}

// loadElsewhere spools the bills of accounts that a root account's walk found
// here and that, being configured themselves, are published in another bucket.
// What both walks found is left to the account's own.
func (a *assembly) loadElsewhere(ctx context.Context, results map[schema.Unit]result) error {
	found := a.spool.payees(func(p *spooledPage) bool { return p.root })
	for _, account := range a.accounts {
		if account.Root || !found[string(account.ID)] || account.ID.Bucket(a.buckets) == a.base.Bucket {
			continue
		}
		u := schema.Unit{Account: account, Day: a.base.Day}
		c := results[u].certificate
		if c == nil {
			var err error
			if c, _, err = a.archive.Unit(ctx, u); err != nil {
				return err
			}
		}
		if c == nil || c.Walk == "" {
			continue
		}
		if err := a.read(ctx, c, spooledPage{}); err != nil {
			return err
		}
	}
	return nil
}
