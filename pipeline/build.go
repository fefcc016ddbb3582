package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// builder publishes partitions from the archive alone.
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

// publish builds one (day, bucket) and publishes it. Where no unit of it was ever
// whole, there is nothing to publish, and the manifest is nil.
func (b *builder) publish(ctx context.Context, base schema.Base, results map[schema.Unit]result) (*schema.Manifest, error) {
	m := &schema.Manifest{RunID: b.runID, Job: b.job, SignTable: normalise.SignTable, PublishedAt: b.now().UTC()}
	if err := b.enter(ctx, m, base, results); err != nil {
		return nil, err
	}
	s, err := newSpool(received(m))
	if err != nil {
		return nil, err
	}
	defer s.close()
	var units errgroup.Group
	units.SetLimit(runtime.GOMAXPROCS(0))
	for i := range m.Units {
		units.Go(func() error { return b.load(ctx, s, m, i, base) })
	}
	if err := units.Wait(); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(m.Units, func(e schema.Entry) bool { return e.Certificate != nil }) {
		return nil, nil
	}
	if err := b.loadElsewhere(ctx, s, base, results); err != nil {
		return nil, err
	}
	if err := s.sort(); err != nil {
		return nil, err
	}
	err = b.lake.Publish(ctx, base, m, func(rows schema.Rows) error { return b.fill(ctx, s, m, rows) })
	return m, err
}

// enter lists the units of the partition: the job's, and those that another job
// published in it, whose rows stay.
func (b *builder) enter(ctx context.Context, m *schema.Manifest, base schema.Base, results map[schema.Unit]result) error {
	for _, a := range b.accounts {
		if a.ID.Bucket(b.buckets) != base.Bucket {
			continue
		}
		u := schema.Unit{Account: a, Day: base.Day}
		r, e := results[u], schema.Entry{Account: a}
		e.Certificate, e.Failure = r.certificate, r.failure
		switch {
		case r.failure != nil:
			last, _, err := b.archive.Unit(ctx, u)
			if err != nil {
				return err
			}
			e.State, e.Certificate, e.Stale = schema.Failed, last, last != nil && last.Walk != ""
		default:
			e.State = r.certificate.State
			e.Stale = e.State == schema.Unavailable && r.certificate.Walk != ""
		}
		m.Units = append(m.Units, e)
	}
	if base.Manifest == nil {
		return nil
	}
	for _, e := range base.Manifest.Units {
		if m.Entry(e.Account.ID) == nil {
			e.Totals, e.Repeated, e.Elsewhere = schema.Totals{}, 0, 0
			m.Units = append(m.Units, e)
		}
	}
	return nil
}

// received counts the records that the certificates promise.
func received(m *schema.Manifest) (records int64) {
	for _, e := range m.Units {
		if e.Certificate != nil {
			records += e.Certificate.Rows
		}
	}
	return records
}

// load spools the records of one unit. A unit whose archive does not hold what
// its certificate says is failed, and costs no other unit its rows; but where
// its rows are published, the partition stays as it is.
func (b *builder) load(ctx context.Context, s *spool, m *schema.Manifest, i int, base schema.Base) error {
	e := &m.Units[i]
	if e.Certificate == nil || e.Certificate.Walk == "" {
		return nil
	}
	u := schema.Unit{Account: e.Account, Day: base.Day}
	err := b.spool(ctx, s, e.Certificate, spooledPage{entry: i, root: e.Certificate.Account.Root})
	var damaged *unitError
	if !errors.As(err, &damaged) {
		return err
	}
	if base.Manifest != nil {
		if old := base.Manifest.Entry(u.Account.ID); old != nil && old.Totals.Rows > 0 {
			return fmt.Errorf("%s stays as published: %w", u, err)
		}
	}
	s.drop(i)
	failure := failureOf(err, u)
	e.State, e.Stale, e.Failure, e.Certificate = schema.Failed, false, &failure, nil
	b.log.Error("a unit's archive is damaged", "account_id", u.Account.ID, "bill_date", u.Day, "error", err)
	return nil
}

// spool reads a certified walk and checks it against the certificate's chain.
func (b *builder) spool(ctx context.Context, s *spool, c *schema.Certificate, common spooledPage) error {
	u, n := c.Unit(), 0
	damaged := func(err error) error { return &unitError{unit: u, err: err} }
	for a, err := range b.archive.Answers(ctx, u, c.Walk) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return damaged(err)
		}
		if n == len(c.Pages) {
			break // what follows is not part of the certified walk
		}
		hash := sha256.Sum256(a.Body)
		if link := c.Pages[n]; hex.EncodeToString(hash[:]) != link.SHA256 || a.Cursor != link.Cursor {
			return damaged(fmt.Errorf("archive object %s: page %d is not the one that was certified", a.Key, n+1))
		}
		page, err := normalise.DecodePage(a.Body)
		if err != nil {
			return damaged(fmt.Errorf("archive object %s: page %d: %w", a.Key, n+1, err))
		}
		common.Provenance = normalise.Provenance{Walk: u.Account.ID, Day: u.Day, LogID: a.LogID, FetchedAt: a.FetchedAt, ArchiveKey: a.Key}
		n++
		common.number = n
		if err := s.add(common, page.Records); err != nil {
			return err
		}
	}
	if n < len(c.Pages) {
		return damaged(fmt.Errorf("the archive holds %d of the walk's %d pages", n, len(c.Pages)))
	}
	return nil
}

// loadElsewhere spools the bills of accounts that a root account's walk found
// here and that, being configured themselves, are published in another bucket.
// What both walks found is left to the account's own.
func (b *builder) loadElsewhere(ctx context.Context, s *spool, base schema.Base, results map[schema.Unit]result) error {
	found := make(map[string]bool)
	for i := range s.places {
		if s.pages[s.places[i].page].root {
			found[s.places[i].AccountID] = true
		}
	}
	for _, a := range b.accounts {
		if a.Root || !found[string(a.ID)] || a.ID.Bucket(b.buckets) == base.Bucket {
			continue
		}
		u := schema.Unit{Account: a, Day: base.Day}
		c := results[u].certificate
		if c == nil {
			var err error
			if c, _, err = b.archive.Unit(ctx, u); err != nil {
				return err
			}
		}
		if c == nil || c.Walk == "" {
			continue
		}
		if err := b.spool(ctx, s, c, spooledPage{entry: -1, elsewhere: true}); err != nil {
			return err
		}
	}
	return nil
}
