package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// Lake is what is published.
type Lake interface {
	// Base returns what is published of a (day, bucket).
	Base(ctx context.Context, day schema.Day, bucket int) (schema.Base, error)
	// Rows yields the published rows of a table, with the named columns or all of them, in one
	// row that is filled anew. If nothing is published there are none.
	Rows(ctx context.Context, table schema.AnyTable, day schema.Day, bucket int, columns ...string) iter.Seq2[schema.Row, error]
}

// Options say what is reported.
type Options struct {
	Job      string
	Accounts []schema.Account // of the job, whose rows are reported; the lake may have others
	From, To schema.Day       // both included
	Buckets  int              // of the lake
	LakeURL  string
	MadeAt   time.Time
	Billwalk string // version of the program

	MaxOrders int // 0 stands for the constant of that name
	MaxDrills int // likewise
}

const (
	maxBases = 64 // that are read side by side
	maxFiles = 4  // likewise; each takes memory
)

// Load reads the report of what is published. It takes memory for the open orders, and for a
// few bytes of each other order. An amount whose sum overflows is schema.ErrOverflow.
func Load(ctx context.Context, lake Lake, o Options) (*Report, error) {
	l := &loader{lake: lake, Options: o, accounts: make(map[schema.AccountID]bool)}
	for _, a := range o.Accounts {
		l.accounts[a.ID] = true
	}
	l.accounts[schema.NoAccount] = true
	if l.MaxOrders == 0 {
		l.MaxOrders = MaxOrders
	}
	if l.MaxDrills == 0 {
		l.MaxDrills = MaxDrills
	}
	tables := newTables()
	r := &Report{Job: o.Job, From: o.From, To: o.To, MadeAt: o.MadeAt, Billwalk: o.Billwalk, Lake: o.LakeURL}
	if err := l.readBases(ctx); err != nil {
		return nil, err
	}
	if err := inOrder(ctx, l.parts, l.readPart, tables.add); err != nil {
		return nil, err
	}
	if err := l.fillUnits(r, tables); err != nil {
		return nil, fmt.Errorf("sums of %s to %s: %w", o.From, o.To, err)
	}
	r.Waterfall, r.Stores = tables.fall.waterfall(), l.rates(tables.stores)
	r.Exceptions, r.Restatements = tables.exceptions.counts(), tables.restatements.days()
	if err := l.fillOrders(ctx, r, tables.orders); err != nil {
		return nil, err
	}
	r.Close = l.closing(r, tables)
	r.Glossary = glossary(r)
	return r, nil
}

// loader reads one report.
type loader struct {
	Options
	lake     Lake
	accounts map[schema.AccountID]bool // whose rows are reported
	parts    []part                    // what is published, by day and bucket
}

// part is what is published of one (day, bucket).
type part struct {
	day      schema.Day
	bucket   int
	manifest *schema.Manifest // nil: damaged
	damage   error
	torn     bool // the files are not those of the manifest
}

// readBases finds what is published of the job's accounts.
func (l *loader) readBases(ctx context.Context) error {
	buckets := schema.BucketsOf(append(l.Accounts[:len(l.Accounts):len(l.Accounts)], schema.Account{ID: schema.NoAccount}), l.Buckets)
	all := make([]part, 0, (int(l.To-l.From)+1)*len(buckets))
	for day := l.From; day <= l.To; day++ {
		for _, bucket := range buckets {
			all = append(all, part{day: day, bucket: bucket})
		}
	}
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(maxBases)
	for i := range all {
		reads.Go(func() error {
			base, err := l.lake.Base(reading, all[i].day, all[i].bucket)
			if errors.Is(err, schema.ErrManifest) {
				all[i].damage = err
				return nil
			}
			all[i].manifest, all[i].torn = base.Manifest, base.Torn()
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return err
	}
	for _, p := range all {
		if p.manifest != nil || p.damage != nil || p.torn {
			l.parts = append(l.parts, p)
		}
	}
	return nil
}

// inOrder reads some parts side by side, and hands over what was read in the order of the
// parts.
func inOrder[P, R any](ctx context.Context, parts []P, read func(context.Context, P) (R, error), add func(R) error) error {
	for len(parts) > 0 {
		some := parts[:min(maxFiles, len(parts))]
		parts = parts[len(some):]
		found := make([]R, len(some))
		reads, reading := errgroup.WithContext(ctx)
		for i := range some {
			reads.Go(func() (err error) {
				found[i], err = read(reading, some[i])
				return err
			})
		}
		if err := reads.Wait(); err != nil {
			return err
		}
		for _, f := range found {
			if err := add(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows yields the rows of one table by their type.
func rows[R any](ctx context.Context, l *loader, table schema.AnyTable, p part, columns ...string) iter.Seq2[*R, error] {
	return func(yield func(*R, error) bool) {
		for row, err := range l.lake.Rows(ctx, table, p.day, p.bucket, columns...) {
			r, _ := any(row).(*R)
			if !yield(r, err) {
				return
			}
		}
	}
}
