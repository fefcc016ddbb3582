package build

import (
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// unit is a unit whose rows are loaded: sorted runs on local disk, from which its part of the
// table is merged. One of another bucket has none.
type unit struct {
	entry       *schema.Entry // of the manifest; nil for a unit of another bucket
	certificate *schema.Certificate
	runs        []run
	payees      map[string]bool    // accounts that its bills pay
	repeated    map[int32]bool     // records of bills of which the walk has several, by ordinal
	resolved    map[int32]resolved // what becomes of records, by ordinal, where they are not just rows
}

// elsewhere reports whether the unit is published in another bucket.
func (u *unit) elsewhere() bool { return u.entry == nil }

// root reports whether the unit is of a root account.
func (u *unit) root() bool { return u.certificate.Account.Root }

// rank is lower for a unit whose records are to be kept, of those that say the same.
func (u *unit) rank() int {
	switch {
	case u.elsewhere():
		return 0
	case !u.root():
		return 1
	}
	return 2
}

// ofAnotherNight reports whether a root account's walk is of another run than the payee's own
// walk: where they differ, the payee's own counts.
func (u *unit) ofAnotherNight(own *unit) bool {
	return u.root() && !own.root() && u.certificate.Latest().RunID != own.certificate.Latest().RunID
}

// provenance returns what all bills of an answer have in common.
func (u *unit) provenance(a *schema.Answer) normalise.Provenance {
	c := u.certificate
	return normalise.Provenance{Walk: c.Account.ID, Root: c.Account.Root, Day: c.Day, LogID: a.LogID, FetchedAt: a.FetchedAt, ArchiveKey: a.Key}
}

// damaged returns the error of an answer that cannot be decoded.
func (u *unit) damaged(a *schema.Answer, err error) error {
	return &schema.UnitError{Unit: u.certificate.Unit(), LogID: a.LogID, Code: schema.CodeDamaged, Err: fmt.Errorf("archive object %s: page %d: %w", a.Key, a.Page, err)}
}
