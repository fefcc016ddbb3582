package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// payee is the withdrawals that an account launched on a day, and the bills that they pay, in
// the archive and in a manifest.
type payee struct {
	withdrawalList
	manifest *schema.Manifest // nil if none has the account's withdrawals
	entry    *schema.PayeeEntry
	bills    map[string]*withdrawnList // by withdrawal
	seen     map[string]bool           // withdrawals with a row
}

// withdrawalWalks are the walks over the bills of a withdrawal, or over withdrawals where id is
// empty.
type withdrawalWalks struct {
	Archive
	id string
}

func (w withdrawalWalks) BatchKey(u schema.Unit, walk string, n int) string {
	return w.WithdrawalBatchKey(u, w.id, walk, n)
}

func (w withdrawalWalks) CertificateKey(u schema.Unit, walk string) string {
	return w.WithdrawalCertificateKey(u, w.id, walk)
}

// launches are the withdrawals of a day.
type launches struct {
	day      schema.Day
	buckets  int
	payees   map[schema.AccountID]*payee
	findings []schema.Finding
	objects  int
	bytes    int64
}

// proveLaunches proves the archived withdrawals that were launched on a day, and the lists of
// their bills: those that the manifests name, which are of a root account's bucket whatever the
// payee's own is, and those of the buckets' payees that no manifest names, foreign ones included.
func proveLaunches(ctx context.Context, archive Archive, day schema.Day, manifests, foreign []*schema.Manifest, buckets int, owns func(bucket int) bool) (*launches, error) {
	l := &launches{day: day, buckets: buckets, payees: make(map[schema.AccountID]*payee)}
	lists, err := archive.WithdrawalSeries(ctx, day)
	if err != nil {
		return nil, err
	}
	bills, err := archive.WithdrawnBillSeries(ctx, day)
	if err != nil {
		return nil, err
	}
	for _, m := range manifests {
		if m.Withdrawals == nil {
			continue
		}
		for i := range m.Withdrawals.Payees {
			e := &m.Withdrawals.Payees[i]
			l.payee(e.Account.ID).publish(m, e)
		}
	}
	elsewhere := make(map[schema.AccountID]bool)
	for _, m := range foreign {
		if m.Withdrawals != nil {
			for i := range m.Withdrawals.Payees {
				elsewhere[m.Withdrawals.Payees[i].Account.ID] = true
			}
		}
	}
	for _, f := range slices.Concat(lists, bills) {
		if p := l.payees[f.Account]; (p == nil || p.entry == nil) && (elsewhere[f.Account] || !owns(f.Account.Bucket(buckets))) {
			continue
		}
		l.objects, l.bytes = l.objects+f.Objects(), l.bytes+f.Bytes
		one := &l.payee(f.Account).listed
		if f.WithdrawID != "" {
			one = &l.payee(f.Account).withdrawn(f.WithdrawID).listed
		}
		one.filed = append(one.filed, f)
	}
	return l, l.prove(ctx, archive)
}

// prove proves all lists, side by side.
func (l *launches) prove(ctx context.Context, archive Archive) error {
	var running errgroup.Group
	running.SetLimit(maxUnits())
	var all []*listed
	prove := func(one *listed, id string) {
		all = append(all, one)
		running.Go(func() error {
			one.prove(ctx, withdrawalWalks{archive, id})
			return ctx.Err()
		})
	}
	for _, p := range l.payees {
		prove(&p.listed, "")
		for id, bills := range p.bills {
			prove(&bills.listed, id)
		}
	}
	err := running.Wait()
	for _, one := range all {
		l.findings = append(l.findings, one.findings...)
	}
	return err
}

// payee returns the withdrawals of an account.
func (l *launches) payee(id schema.AccountID) *payee {
	if l.payees[id] == nil {
		p := &payee{bills: make(map[string]*withdrawnList), seen: make(map[string]bool)}
		p.listed = newListed(schema.Unit{Account: schema.Account{ID: id}, Day: l.day}, id.Bucket(l.buckets))
		p.list, p.byID, p.statuses = &p.withdrawalList, make(map[string]*withdrawalReading), make(map[string]int64)
		l.payees[id] = p
	}
	return l.payees[id]
}

// publish sets what the manifest has of the account's withdrawals.
func (p *payee) publish(m *schema.Manifest, e *schema.PayeeEntry) {
	p.manifest, p.entry, p.copied, p.bucket = m, e, e.Certificate, m.Bucket
	for _, b := range e.Bills {
		l := p.withdrawn(b.WithdrawID)
		l.copied, l.bucket = b.Certificate, m.Bucket
	}
}

// withdrawn returns the list of the bills of a withdrawal.
func (p *payee) withdrawn(id string) *withdrawnList {
	if p.bills[id] == nil {
		l := &withdrawnList{listed: newListed(p.Unit, p.bucket), id: id, seen: make(map[digest]bool)}
		l.list = l
		p.bills[id] = l
	}
	return p.bills[id]
}

// tie ties the withdrawals to their bills. It reports whether the archive is sound, so that
// the rows can be compared with it.
func (p *payee) tie(statuses *Statuses) (sound bool, err error) {
	sound = p.sound()
	for id, w := range p.byID {
		l := p.bills[id]
		if l != nil && l.copied == nil {
			l = nil // not published
		}
		if l != nil && !l.sound() {
			sound = false
			continue
		}
		if err := w.tie(statuses, l); err != nil {
			return false, fmt.Errorf("account %s: %w", p.Account.ID, err)
		}
	}
	return sound, nil
}

// differences returns the columns in which a row differs from the archive.
func (w *withdrawalReading) differences(row *schema.Withdrawal) (place, want, got string) {
	folded := *row
	folded.Message.V, folded.AccountName.V = foldReplacements(row.Message.V), foldReplacements(row.AccountName.V)
	var places, wants, gots []string
	for _, f := range schema.Withdrawals.Fields {
		if f.Equal(&w.Withdrawal, &folded) {
			continue
		}
		places, wants, gots = append(places, f.Name), append(wants, nullText(f.Text(&w.Withdrawal))), append(gots, nullText(f.Text(&folded)))
	}
	return strings.Join(places, ", "), strings.Join(wants, ", "), strings.Join(gots, ", ")
}

func nullText(text schema.Null[string]) string {
	if !text.Valid {
		return "NULL"
	}
	return text.V
}
