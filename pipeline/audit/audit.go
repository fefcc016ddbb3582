// Package audit proves published days from the bucket alone. It reads every object of
// them in the archive and the lake (summaries of runs and _control/ are none), sums the
// archived pages again, and compares the tables with the result, row by row.
//
// It is the second of two independent ways to the same sums. It has its own decoder of
// the platform's pages and its own sign rule, written from the platform's documentation,
// and shares with the build only package schema. A mistake in one of them
// shows as a difference.
//
//	archive ──▶ walks: chain, hashes, digest ──▶ certificates ──┐
//	   │              └──▶ bills, signed ──▶ sums per unit ──────┤
//	   └──────▶ answers, callbacks: statements on settlements ───┼──▶ findings
//	lake ─────▶ manifest ──▶ rows: sums, invariants ─────────────┘
//
// It also reads the settle_ids of all other published days, as none may count on two
// days. It calls no API and writes nothing.
package audit

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// Audit is a verification of some days.
type Audit struct {
	Archive  Archive
	Lake     Lake
	Accounts []schema.Account // accounts that must be published
	Buckets  int
	From, To schema.Day    // both included
	Today    schema.Day    // the last day on which callbacks may have been received
	AppIDs   schema.AppIDs // mini-programs whose callbacks count
	Lookback int           // days before and after a day that may have answers on its settlements
	Statuses Statuses      // of withdrawals

	// Owns reports whether a bucket is to be proven; nil proves all. What the others have is
	// read as far as the proof needs it.
	Owns func(bucket int) bool

	// Elsewhere has the findings on days that are not verified, of which Run reads the
	// settle_ids.
	Elsewhere []schema.Finding

	// Each, if set, is called with every day when it is done.
	Each func(Day)

	answers   map[schema.Day]*answers
	callbacks *callbacks
	repeats   *repeats
	payments  *payments
	near      near
}

// Day is the result for one day.
type Day struct {
	Day         schema.Day       `json:"bill_date"`
	Proven      bool             `json:"proven"`
	Units       int              `json:"units"`
	Unavailable int              `json:"unavailable"` // of the units: withdrawn by hand
	Failed      int              `json:"failed"`      // of the units: could not be fetched
	Stale       int              `json:"stale"`       // of the units: rows of an earlier run
	Bills       int64            `json:"bills"`
	Objects     int              `json:"objects"`
	Bytes       int64            `json:"bytes"`
	Findings    []schema.Finding `json:"-"`
}

// Run verifies the days in order, the units of a day concurrently. It returns an error
// only if a listing fails or the context ends.
func (a *Audit) Run(ctx context.Context) ([]Day, error) {
	a.answers, a.near = make(map[schema.Day]*answers), make(near)
	var err error
	if a.callbacks, err = readCallbacks(ctx, a.Archive, a.AppIDs, a.From, a.To, a.Lookback, a.Today); err != nil {
		return nil, err
	}
	if a.repeats, err = a.findRepeated(ctx); err != nil {
		return nil, fmt.Errorf("the settle_ids of all published days: %w", err)
	}
	if a.payments, err = findPaidTwice(ctx, a.Lake, a.repeats.verified, a.repeats.others); err != nil {
		return nil, fmt.Errorf("the bills of all published withdrawals: %w", err)
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
	manifests []*schema.Manifest // of the buckets that are proven
	foreign   []*schema.Manifest
	units     map[schema.AccountID]*unit
	launches  *launches
	stores    *storeLists

	mu  sync.Mutex
	day Day
}

func (d *dayAudit) run(ctx context.Context) error {
	manifests, findings, err := d.Lake.Published(ctx, d.day.Day)
	if err != nil {
		return err
	}
	for _, m := range manifests {
		if d.owns(m.Bucket) {
			d.manifests = append(d.manifests, m)
		} else {
			d.foreign = append(d.foreign, m)
		}
	}
	d.add(findings...)
	d.checkAccounts()
	if err := d.proveUnits(ctx); err != nil {
		return err
	}
	if d.launches, err = proveLaunches(ctx, d.Archive, d.day.Day, d.manifests, d.foreign, d.Buckets, d.owns); err != nil {
		return err
	}
	d.day.Objects, d.day.Bytes = d.day.Objects+d.launches.objects, d.day.Bytes+d.launches.bytes
	d.add(d.launches.findings...)
	if d.stores, err = proveStores(ctx, d.Archive, d.day.Day, d.Buckets, d.owns); err != nil {
		return err
	}
	d.day.Objects, d.day.Bytes = d.day.Objects+d.stores.objects, d.day.Bytes+d.stores.bytes
	d.add(d.stores.findings...)
	answers, err := d.answersOf(ctx, d.day.Day)
	if err != nil {
		return err
	}
	d.day.Objects, d.day.Bytes = d.day.Objects+answers.objects, d.day.Bytes+answers.bytes
	d.add(answers.findings...)
	if d.owns(schema.NoAccount.Bucket(d.Buckets)) { // callbacks are of no bucket: they are proven once
		callbacks := d.callbacks.days[d.day.Day]
		d.day.Objects, d.day.Bytes = d.day.Objects+callbacks.objects, d.day.Bytes+callbacks.bytes
		d.add(callbacks.findings...)
	}
	if err := d.proveTables(ctx); err != nil {
		return err
	}
	d.add(d.repeats.findings(d.day.Day, d.settlementsKey, d.knowsDamaged)...)
	return nil
}

func (a *Audit) owns(bucket int) bool { return a.Owns == nil || a.Owns(bucket) }

// add adds findings, those of the buckets that are proven.
func (d *dayAudit) add(findings ...schema.Finding) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range findings {
		if d.owns(f.Bucket) {
			d.day.Findings = append(d.day.Findings, f)
		}
	}
}

// checkAccounts reports accounts that no manifest has.
func (d *dayAudit) checkAccounts() {
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
			continue // it is damaged, which another finding says
		}
		got := fmt.Sprintf("not published: no manifest tells of account %s", accounts[0])
		if n := len(accounts); n > 1 {
			got += fmt.Sprintf(" and %d more", n-1)
		}
		d.add(schema.Finding{Day: d.day.Day, Bucket: bucket, Key: key, Got: got, Fix: fixRun})
	}
}

// proveUnits proves the archived walks and certificates of the day.
func (d *dayAudit) proveUnits(ctx context.Context) error {
	filed, err := d.Archive.BillSeries(ctx, d.day.Day)
	if err != nil {
		return err
	}
	others := slices.ContainsFunc(d.manifests, hasRoot) // whose walk finds bills of accounts in any bucket
	for i := range filed {
		f := &filed[i]
		own := d.owns(f.Account.Bucket(d.Buckets))
		if !own && !others {
			continue
		}
		u := d.unit(f.Account)
		u.filed = append(u.filed, *f)
		if own {
			d.day.Objects, d.day.Bytes = d.day.Objects+f.Objects(), d.day.Bytes+f.Bytes
		}
	}
	manifests := d.manifests
	if others {
		manifests = slices.Concat(manifests, d.foreign)
	}
	for _, m := range manifests {
		for i := range m.Units {
			e := &m.Units[i]
			d.unit(e.Account.ID).publish(m, e)
		}
	}
	var running errgroup.Group
	running.SetLimit(maxUnits())
	for _, u := range d.units {
		running.Go(func() error {
			u.scan = newScan()
			defer u.scan.release()
			u.prove(ctx, d.Archive)
			d.add(u.findings...)
			return ctx.Err()
		})
	}
	return running.Wait()
}

// hasRoot reports whether a manifest has the unit of a root account.
func hasRoot(m *schema.Manifest) bool {
	return slices.ContainsFunc(m.Units, func(e schema.Entry) bool { return e.Account.Root })
}

func (d *dayAudit) unit(id schema.AccountID) *unit {
	if d.units[id] == nil {
		d.units[id] = newUnit(schema.Unit{Account: schema.Account{ID: id}, Day: d.day.Day}, id.Bucket(d.Buckets))
	}
	return d.units[id]
}

// count adds the objects and units of a manifest to the day.
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
