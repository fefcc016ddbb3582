package report

import (
	"context"
	"errors"
	"hash/maphash"
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
	// ResolutionStates returns the resolution that counts of each order that is wanted.
	ResolutionStates(ctx context.Context, wanted func(schema.ResolutionKey) bool) (map[schema.ResolutionKey]schema.ResolutionNow, error)
	// Closings returns the closings of all jobs, as they were appended.
	Closings(ctx context.Context) ([]schema.Closing, error)
	// PublishedDays returns the days that are published, ascending.
	PublishedDays(ctx context.Context) ([]schema.Day, error)
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

	// CodeMeaning says what a code of the platform means, or nothing; nil knows none.
	CodeMeaning func(code int64) schema.Bilingual

	Withdrawals bool // the job follows them; reports of others have them where the days have some

	Lookback int // days before From in which settlements of refunded orders are looked for

	MaxOrders int // 0 stands for the constant of that name
	MaxDrills int // likewise
}

const (
	maxBases = 64 // that are read side by side
	maxFiles = 4  // likewise; each takes memory
)

// loader reads one report.
type loader struct {
	Options
	lake     Lake
	accounts map[schema.AccountID]bool // whose rows are reported
	parts    []part                    // what is published, by day and bucket
	closings map[schema.Day]schema.Closing
}

func newLoader(lake Lake, o Options) *loader {
	l := &loader{lake: lake, Options: o, accounts: map[schema.AccountID]bool{schema.NoAccount: true}}
	for _, a := range o.Accounts {
		l.accounts[a.ID] = true
	}
	return l
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
func (l *loader) readBases(ctx context.Context) (err error) {
	l.parts, err = l.basesOf(ctx, l.From, l.To)
	return err
}

// buckets returns the buckets of the job's accounts.
func (l *loader) buckets() []int {
	return schema.BucketsOf(append(l.Accounts[:len(l.Accounts):len(l.Accounts)], schema.Account{ID: schema.NoAccount}), l.Buckets)
}

// basesOf returns what is published of the job's accounts on some days.
func (l *loader) basesOf(ctx context.Context, from, to schema.Day) (parts []part, err error) {
	buckets := l.buckets()
	all := make([]part, 0, (int(to-from)+1)*len(buckets))
	for day := from; day <= to; day++ {
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
		return nil, err
	}
	for _, p := range all {
		if p.manifest != nil || p.damage != nil || p.torn {
			parts = append(parts, p)
		}
	}
	return parts, nil
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

// hashSeed is one for all, so that hashes of parts compare.
var hashSeed = maphash.MakeSeed()
