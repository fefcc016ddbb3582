package walk

import (
	"context"
	"errors"
	"fmt"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// certify stores a certificate of walks that found the same bills. Where the last
// certificate has the same bills, and its pages are still there, it is confirmed
// instead: rows that did not change keep their provenance, and so their bytes.
func (u *unitWalk) certify(ctx context.Context, equal []*trace, bills int64, digest string) (*schema.Certificate, error) {
	t, last := equal[len(equal)-1], u.last
	if last != nil && last.Walk != "" && last.Digest == digest && last.Account.Root == u.unit.Account.Root && u.intact(ctx, last) {
		c := *last
		c.Account, c.State, c.Unavailable = u.unit.Account, schema.Complete, nil
		c.Confirmed = &schema.Confirmation{Walk: t.walk, At: t.ended, RunID: u.walker.RunID}
		return u.store(ctx, &c)
	}
	if last != nil && shrinks(last.Bills, bills) && !u.walker.AllowShrink {
		return nil, &schema.UnitError{Unit: u.unit, Code: schema.CodeShrunk, Err: fmt.Errorf("the day shrank from %d bills to %d: it is published only with --allow-shrink", last.Bills, bills)}
	}
	c := &schema.Certificate{
		Account: u.unit.Account, Day: u.unit.Day, State: schema.Complete,
		Walk: t.walk, Pages: t.pages, End: "has_more=false",
		Rows: t.rows, Bills: bills, Digest: digest, FinishedAt: t.ended, RunID: u.walker.RunID,
	}
	for _, e := range equal {
		c.Agreed = append(c.Agreed, e.walk)
	}
	return u.store(ctx, c)
}

// store makes a certificate durable. Where another run has certified the same walk,
// that certificate is returned.
func (u *unitWalk) store(ctx context.Context, c *schema.Certificate) (*schema.Certificate, error) {
	err := u.walker.Archive.Certify(ctx, c)
	if !errors.Is(err, schema.ErrTaken) {
		return c, err
	}
	c, _, err = u.walker.Archive.Unit(ctx, c.Unit())
	return c, err
}

// shrinks reports whether a closed day lost more than a tenth of its bills.
func shrinks(before, after int64) bool { return after < before-before/10 }

// unavailable certifies that the platform cannot list the unit's bills any more.
// Bills that an earlier walk found are kept, if its pages prove to be such.
func (u *unitWalk) unavailable(ctx context.Context, why schema.Failure) (*schema.Certificate, error) {
	c := &schema.Certificate{Day: u.unit.Day}
	if u.last != nil && !errors.Is(u.checkPages(ctx, u.last), normalise.ErrNoEvidence) {
		*c = *u.last
	}
	c.Account, c.State, c.Unavailable = u.unit.Account, schema.Unavailable, &why
	c.Confirmed = &schema.Confirmation{Walk: u.newest, At: u.walker.Now(), RunID: u.walker.RunID}
	return u.store(ctx, c)
}
