package build

import (
	"context"
	"errors"
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/pipeline/spill"
	"billwalk/schema"
)

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
