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

// proveWithdrawals proves the archived withdrawals that were launched on the day, and the
// lists of their bills.
func (d *dayAudit) proveWithdrawals(ctx context.Context) error {
	lists, err := d.Archive.WithdrawalSeries(ctx, d.day.Day)
	if err != nil {
		return err
	}
	bills, err := d.Archive.WithdrawnBillSeries(ctx, d.day.Day)
	if err != nil {
		return err
	}
	for _, f := range slices.Concat(lists, bills) {
		d.day.Objects, d.day.Bytes = d.day.Objects+f.Objects(), d.day.Bytes+f.Bytes
		one := &d.payee(f.Account).listed
		if f.WithdrawID != "" {
			one = &d.payee(f.Account).withdrawn(f.WithdrawID).listed
		}
		one.filed = append(one.filed, f)
	}
	for _, m := range d.manifests {
		if m.Withdrawals == nil {
			continue
		}
		for i := range m.Withdrawals.Payees {
			e := &m.Withdrawals.Payees[i]
			d.payee(e.Account.ID).publish(m, e)
		}
	}
	var running errgroup.Group
	running.SetLimit(maxUnits())
	prove := func(l *listed, id string) {
		running.Go(func() error {
			l.prove(ctx, withdrawalWalks{d.Archive, id})
			d.add(l.findings...)
			return ctx.Err()
		})
	}
	for _, p := range d.payees {
		prove(&p.listed, "")
		for id, l := range p.bills {
			prove(&l.listed, id)
		}
	}
	return running.Wait()
}

// payee returns the withdrawals of an account.
func (d *dayAudit) payee(id schema.AccountID) *payee {
	if d.payees[id] == nil {
		p := &payee{bills: make(map[string]*withdrawnList), seen: make(map[string]bool)}
		p.listed = newListed(schema.Unit{Account: schema.Account{ID: id}, Day: d.day.Day}, id.Bucket(d.Buckets))
		p.list, p.byID, p.statuses = &p.withdrawalList, make(map[string]*withdrawalReading), make(map[string]int64)
		d.payees[id] = p
	}
	return d.payees[id]
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
