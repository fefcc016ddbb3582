package build

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/pipeline/walk"
	"billwalk/schema"
)

// resolved is what becomes of a record whose bill has other records.
type resolved struct {
	dropped   bool
	elsewhere bool // the kept record is published in another bucket
	says      fate
	record    spill.Place // as received, unless it is the same as a kept one
}

// lacksRecord reports whether an exception will show a record that is not kept yet.
func (r resolved) lacksRecord() bool { return r.says != same && r.record.Length == 0 }

// fate is how a record differs from those of its bill that were found before it.
type fate uint8

const (
	same         fate = iota // it says what a kept one says
	conflict                 // it says something else, and is a row that does not count
	otherVersion             // it says what a root account's walk of another night has
)

// found is one of the records of a bill that has several.
type found struct {
	schema.BillKey
	unit    *unit
	ordinal int32
	content [sha256.Size]byte
}

// resolve decides what becomes of the records of bills that several walks may have found. For
// these alone the archive is read again. Those that one walk found more than once were
// decided about when it was loaded.
func (p *Partition) resolve(ctx context.Context) error {
	elsewhere, err := p.elsewhere(ctx)
	if err != nil {
		return err
	}
	contested := contestedPayees(p.units)
	all, err := p.alsoElsewhere(ctx, elsewhere, contested)
	if err != nil {
		return err
	}
	for _, u := range p.units {
		if !u.paysAny(contested) {
			continue
		}
		err := p.records(ctx, u, allRecords, func(ordinal int32, r *normalise.Record) error {
			if !contested[r.Key().AccountID] {
				return nil
			}
			delete(u.resolved, ordinal)
			one, err := newFound(u, ordinal, r)
			all = append(all, one)
			return err
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		return cmp.Or(a.BillKey.Compare(&b.BillKey), cmp.Compare(a.unit.rank(), b.unit.rank()),
			cmp.Compare(a.unit.certificate.Account.ID, b.unit.certificate.Account.ID), cmp.Compare(a.ordinal, b.ordinal))
	})
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].BillKey == all[0].BillKey {
			n++
		}
		resolveBill(all[:n])
		all = all[n:]
	}
	return p.keepRecords(ctx)
}

func newFound(u *unit, ordinal int32, r *normalise.Record) (found, error) {
	content, err := r.Content()
	return found{r.Key(), u, ordinal, content}, err
}

// alsoElsewhere returns the records of units of other buckets that pay the accounts which are
// paid here, too. It adds these accounts to the contested ones.
func (p *Partition) alsoElsewhere(ctx context.Context, elsewhere []*unit, contested map[string]bool) (all []found, err error) {
	payees := make(map[string]bool)
	for _, u := range p.units {
		maps.Copy(payees, u.payees)
	}
	for _, u := range elsewhere {
		err := p.records(ctx, u, allRecords, func(ordinal int32, r *normalise.Record) error {
			payee := r.Key().AccountID
			if !payees[payee] {
				return nil
			}
			contested[payee] = true
			one, err := newFound(u, ordinal, r)
			all = append(all, one)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// contestedPayees returns the accounts that the bills of several units pay.
func contestedPayees(units []*unit) map[string]bool {
	count, contested := make(map[string]int), make(map[string]bool)
	for _, u := range units {
		for payee := range u.payees {
			if count[payee]++; count[payee] > 1 {
				contested[payee] = true
			}
		}
	}
	return contested
}

func (u *unit) paysAny(payees map[string]bool) bool {
	for payee := range u.payees {
		if payees[payee] {
			return true
		}
	}
	return false
}

// resolveBill decides about the records of one bill: the first is kept. Of the others those
// that say the same are dropped, and those that say something else are rows with an
// exception, which do not count, but for what a root account's walk of another night has.
func resolveBill(records []found) {
	variants := make(map[[sha256.Size]byte]bool) // by content: whether it is published elsewhere
	first := records[0].unit
	for _, r := range records {
		elsewhere, known := variants[r.content]
		later := len(variants) > 0
		if !known {
			variants[r.content] = r.unit.elsewhere()
		}
		switch {
		case r.unit.elsewhere() || !later:
		case known:
			r.unit.resolve(r.ordinal, resolved{dropped: true, elsewhere: elsewhere, says: same})
		case r.unit.ofAnotherNight(first):
			r.unit.resolve(r.ordinal, resolved{dropped: true, elsewhere: first.elsewhere(), says: otherVersion})
		default:
			r.unit.resolve(r.ordinal, resolved{says: conflict})
		}
	}
}

func (u *unit) resolve(ordinal int32, r resolved) {
	if u.resolved == nil {
		u.resolved = make(map[int32]resolved)
	}
	u.resolved[ordinal] = r
}

// keepRecords keeps the records, as received, of which exceptions will show the text.
func (p *Partition) keepRecords(ctx context.Context) error {
	for _, u := range p.units {
		if !slices.ContainsFunc(slices.Collect(maps.Values(u.resolved)), resolved.lacksRecord) {
			continue
		}
		err := p.records(ctx, u, allRecords, func(ordinal int32, record *normalise.Record) error {
			r, ok := u.resolved[ordinal]
			if !ok || !r.lacksRecord() {
				return nil
			}
			var err error
			r.record, err = p.file.Add(record.Raw)
			u.resolved[ordinal] = r
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Nearly every bill is found once. So a walk is loaded without a look at what its records say,
// and where it has several of one bill, the pages with these are read again.

// resolveRepeated decides what becomes of the records of bills that one walk found several
// times.
func (p *Partition) resolveRepeated(ctx context.Context, u *unit) error {
	if len(u.repeated) == 0 {
		return nil
	}
	found, taken := make(variants), 0
	err := p.records(ctx, u, u.hasRepeated, func(ordinal int32, r *normalise.Record) error {
		if !u.repeated[ordinal] {
			return nil
		}
		taken++
		content, err := r.Content()
		if err != nil {
			return err
		}
		return found.add(u, p.file, ordinal, r.Key(), content, r.Raw)
	})
	if err == nil && taken != len(u.repeated) {
		err = &schema.UnitError{Unit: u.certificate.Unit(), Code: schema.CodeDamaged, Err: errors.New("the pages do not have the records that the certificate counts")}
	}
	return err
}

// hasRepeated reports whether one of n records is of a bill of which the walk has several.
func (u *unit) hasRepeated(first int32, n int) bool {
	for i := range int32(n) {
		if u.repeated[first+i] {
			return true
		}
	}
	return false
}

// variants are the bills that were found, and what their records said.
type variants map[normalise.Fingerprint]bool

// add decides about the next record of a bill: the first is kept, one that says what another
// said is dropped, and what says something else is a row that does not count.
func (v variants) add(u *unit, file *spill.Records, ordinal int32, key schema.BillKey, content normalise.Content, raw []byte) error {
	id := fmt.Appendf(nil, "%q %q %d %v ", key.AccountID, key.LedgerID, key.SettleType, key.SettleSubType)
	bill := normalise.FingerprintOf(id)
	says := normalise.FingerprintOf(append(id, content[:]...))
	later, known := v[bill], v[says]
	v[bill], v[says] = true, true
	switch {
	case known:
		u.resolve(ordinal, resolved{dropped: true, says: same})
	case later:
		record, err := file.Add(raw)
		u.resolve(ordinal, resolved{says: conflict, record: record})
		return err
	}
	return nil
}

func allRecords(int32, int) bool { return true }

// records reads the records of a unit's walk again, with their ordinals, page by page where
// wants says so: it gets the ordinal of a page's first record and the number of records.
func (p *Partition) records(ctx context.Context, u *unit, wants func(int32, int) bool, take func(int32, *normalise.Record) error) error {
	ordinal, pages := int32(0), u.certificate.Pages
	for answer, err := range walk.Certified(ctx, p.builder.Archive, u.certificate) {
		if err != nil {
			return err
		}
		rows := pages[0].Rows
		if pages = pages[1:]; !wants(ordinal, rows) {
			ordinal += int32(rows)
			continue
		}
		page, err := normalise.DecodePage(answer.Body)
		if err != nil {
			return u.damaged(&answer, err)
		}
		for i := range page.Records {
			if err := take(ordinal, &page.Records[i]); err != nil {
				return err
			}
			ordinal++
		}
	}
	return nil
}
