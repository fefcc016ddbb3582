// Package audit proves published days from the bucket alone. It reads every
// object that the archive and the lake have of them, adds the money of the
// archived pages up again, and holds the tables against that, row by row.
//
// It is the second of two independent ways to the same sums: it has a reading of
// the platform's pages of its own, and a sign rule of its own, written from the
// platform's documents, and shares nothing with what builds the tables but the
// columns' names. A mistake in one of them shows as a difference of some fen.
//
//	archive ──▶ walks: chain, hashes, digest ──▶ certificates ──┐
//	   │              └──▶ bills, signed ──▶ sums per unit ──────┤
//	   └──────▶ answers, callbacks: what is told of settlements ─┼──▶ findings
//	lake ─────▶ manifest ──▶ rows: sums, invariants ─────────────┘
//
// Of the lake's other days it reads the settle_ids, since none may count on two days.
//
// It calls no API and writes nothing.
package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// Archive is where the platform's answers are. What is wrong with an object is the
// error of the method that reads it, beside what can be read of it all the same.
// Safe for concurrent use.
type Archive interface {
	// BillSeries and SettlementSeries list what is filed under a day, by account.
	BillSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	SettlementSeries(ctx context.Context, day schema.Day) ([]schema.Series, error)
	// CallbackSeries lists the batches of callbacks that were received on a day, and
	// apart from them those of what could not be read then.
	CallbackSeries(ctx context.Context, received schema.Day) (read, quarantined []schema.Series, err error)
	// ProvePages, ProveSettlements and ProveCallbacks read a batch, line by line from 1.
	ProvePages(ctx context.Context, key string, take func(line int, answer schema.Answer)) error
	ProveSettlements(ctx context.Context, key string, take func(line int, answer schema.SettleAnswer)) error
	ProveCallbacks(ctx context.Context, key string, take func(line int, c schema.Callback)) error
	// ProveCertificate and ProvePass read what tells that a walk, or a pass, is whole.
	ProveCertificate(ctx context.Context, key string) (*schema.Certificate, error)
	ProvePass(ctx context.Context, key string) (*schema.SettlePass, error)
	// BatchKey, CertificateKey and SettleBatchKey say where an object would lie.
	BatchKey(u schema.Unit, walk string, n int) string
	CertificateKey(u schema.Unit, walk string) string
	SettleBatchKey(u schema.Unit, pass string, n int) string
}

// Lake is what is published. Safe for concurrent use.
type Lake interface {
	// Published returns the day's manifests, by bucket, and what is wrong with
	// them, or lies where nothing should.
	Published(ctx context.Context, day schema.Day) ([]*schema.Manifest, []schema.Finding, error)
	// ProveRows compares the data objects with their manifest, and passes the rows of
	// those that agree to take, until its first error.
	ProveRows(ctx context.Context, m *schema.Manifest, take func(schema.Row) error) []schema.Finding
	// ManifestKey says where a manifest lies.
	ManifestKey(day schema.Day, bucket int) string
	// PublishedDays returns the days of which something is published, ascending.
	PublishedDays(ctx context.Context) ([]schema.Day, error)
	// ProveSettlements holds the settlements of a (day, bucket) alone against their
	// manifest, and hands over columns of them until take returns false.
	ProveSettlements(ctx context.Context, day schema.Day, bucket int, columns []string, take func(*schema.Settlement) bool) []schema.Finding
}

// Audit is a verification of some days.
type Audit struct {
	Archive  Archive
	Lake     Lake
	Accounts []schema.Account // whose days are to be there
	Buckets  int
	From, To schema.Day    // both included
	Today    schema.Day    // callbacks may have come until then
	AppIDs   schema.AppIDs // whose callbacks count
	Lookback int           // days around a day, within which its settlements' answers lie

	// Elsewhere is what Run finds to be wrong with days that are not verified: their
	// settle_ids are read, for none of them may count on a verified day, too.
	Elsewhere []schema.Finding

	// Each, if set, is told of every day when it is done.
	Each func(Day)

	answers   map[schema.Day]*answers
	callbacks *callbacks
	repeats   *repeats
}

// Day is what was found of one day.
type Day struct {
	Day         schema.Day       `json:"bill_date"`
	Proven      bool             `json:"proven"`
	Units       int              `json:"units"`
	Unavailable int              `json:"unavailable"` // of the units: withdrawn by hand
	Failed      int              `json:"failed"`      // of the units: could not be had
	Stale       int              `json:"stale"`       // of the units: rows of an earlier run
	Bills       int64            `json:"bills"`
	Objects     int              `json:"objects"`
	Bytes       int64            `json:"bytes"`
	Findings    []schema.Finding `json:"-"`
}

// What to do about a finding.
const (
	fixArchive  = "put it back from a backup or an earlier version of the object; without one, remove all objects of this walk or pass, and run the job for the day, which asks anew"
	fixReplay   = "replay the day: it is built again from the archive"
	fixNewer    = "verify with the billwalk that published the day, or a later one"
	fixAnew     = "run the job for this day: it asks anew for what was taken for an answer"
	fixRun      = "run the job for the day"
	fixTwice    = "sums over days count it twice: replay these days, the earliest first"
	fixUnhashed = "nothing is known to be wrong: once you trust it, copy the object onto itself with the metadata sha256"
)

// sideBySide is how many units are in hand: more than can compute, for most wait
// for the store.
func sideBySide() int { return 4 * runtime.GOMAXPROCS(0) }

// fixOf is what to do about an object of the archive.
func fixOf(err error) string {
	if errors.Is(err, schema.ErrUnhashed) {
		return fixUnhashed
	}
	return fixArchive
}

// Run verifies the days, one after the other, the units of a day side by side. It
// returns an error only where something could not be asked at all.
func (a *Audit) Run(ctx context.Context) ([]Day, error) {
	a.answers = make(map[schema.Day]*answers)
	if err := a.readCallbacks(ctx); err != nil {
		return nil, err
	}
	var err error
	if a.repeats, err = a.findRepeated(ctx); err != nil {
		return nil, fmt.Errorf("the settle_ids of all published days: %w", err)
	}
	var days []Day
	for day := a.From; day <= a.To; day++ {
		d := &dayAudit{Audit: a, day: Day{Day: day}, units: make(map[schema.AccountID]*unit)}
		if err := d.run(ctx); err != nil {
			return days, fmt.Errorf("%s: %w", day, err)
		}
		slices.SortStableFunc(d.day.Findings, schema.Finding.Compare)
		d.day.Proven = len(d.day.Findings) == 0
		days = append(days, d.day)
		if a.Each != nil {
			a.Each(d.day)
		}
		delete(a.answers, day-schema.Day(a.Lookback))
	}
	return days, nil
}

// dayAudit is the verification of one day.
type dayAudit struct {
	*Audit
	manifests []*schema.Manifest
	units     map[schema.AccountID]*unit

	mu  sync.Mutex
	day Day
}

func (d *dayAudit) run(ctx context.Context) error {
	manifests, findings, err := d.Lake.Published(ctx, d.day.Day)
	if err != nil {
		return err
	}
	d.manifests = manifests
	d.add(findings...)
	d.expected()
	if err := d.archived(ctx); err != nil {
		return err
	}
	settled, err := d.answersOf(ctx, d.day.Day)
	if err != nil {
		return err
	}
	called := d.callbacks.days[d.day.Day]
	d.day.Objects, d.day.Bytes = d.day.Objects+settled.objects+called.objects, d.day.Bytes+settled.bytes+called.bytes
	d.add(settled.findings...)
	d.add(called.findings...)
	if err := d.published(ctx); err != nil {
		return err
	}
	d.add(d.repeats.findings(d.day.Day, d.settlementsKey, d.knowsDamaged)...)
	return nil
}

func (d *dayAudit) add(findings ...schema.Finding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.day.Findings = append(d.day.Findings, findings...)
}

// expected holds the manifests against the accounts that should be in them.
func (d *dayAudit) expected() {
	missing := make(map[int][]schema.AccountID)
	for _, account := range d.Accounts {
		bucket := account.ID.Bucket(d.Buckets)
		i := slices.IndexFunc(d.manifests, func(m *schema.Manifest) bool { return m.Bucket == bucket })
		if i < 0 || d.manifests[i].Entry(account.ID) == nil {
			missing[bucket] = append(missing[bucket], account.ID)
		}
	}
	for bucket, accounts := range missing {
		key := d.Lake.ManifestKey(d.day.Day, bucket)
		if slices.ContainsFunc(d.day.Findings, func(f schema.Finding) bool { return f.Key == key }) {
			continue // it is there, and damaged
		}
		got := fmt.Sprintf("not published: no manifest tells of account %s", accounts[0])
		if n := len(accounts); n > 1 {
			got += fmt.Sprintf(" and %d more", n-1)
		}
		d.add(schema.Finding{Day: d.day.Day, Bucket: bucket, Key: key, Got: got, Fix: fixRun})
	}
}

// archived proves what the archive has of the day's bills, unit by unit.
func (d *dayAudit) archived(ctx context.Context) error {
	filed, err := d.Archive.BillSeries(ctx, d.day.Day)
	if err != nil {
		return err
	}
	for i := range filed {
		f := &filed[i]
		u := d.unit(f.Account)
		u.filed = append(u.filed, *f)
		d.day.Objects, d.day.Bytes = d.day.Objects+f.Objects(), d.day.Bytes+f.Bytes
	}
	for _, m := range d.manifests {
		for i := range m.Units {
			e := &m.Units[i]
			u := d.unit(e.Account.ID)
			u.entry, u.manifest = e, m
		}
	}
	var running errgroup.Group
	running.SetLimit(sideBySide())
	for _, u := range d.units {
		running.Go(func() error {
			u.prove(ctx, d.Archive)
			d.add(u.findings...)
			return ctx.Err()
		})
	}
	return running.Wait()
}

func (d *dayAudit) unit(id schema.AccountID) *unit {
	if d.units[id] == nil {
		d.units[id] = newUnit(schema.Unit{Account: schema.Account{ID: id}, Day: d.day.Day}, id.Bucket(d.Buckets))
	}
	return d.units[id]
}

// count adds what a manifest tells of to the day.
func (d *dayAudit) count(m *schema.Manifest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.day.Objects++
	for _, o := range m.Objects {
		d.day.Objects, d.day.Bytes = d.day.Objects+1, d.day.Bytes+o.Bytes
		if o.Table == schema.Bills.Name {
			d.day.Bills += o.Rows
		}
	}
	for _, e := range m.Units {
		d.day.Units++
		switch e.State {
		case schema.Unavailable:
			d.day.Unavailable++
		case schema.Failed:
			d.day.Failed++
		}
		if e.Stale {
			d.day.Stale++
		}
	}
}
