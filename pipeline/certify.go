package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// certify makes a certificate of walks that found the same bills. Where the last
// certificate says the same, and its pages are still there, it is confirmed, so
// that rows which did not change keep their provenance, and their bytes.
func (w *walker) certify(ctx context.Context, u schema.Unit, last *schema.Certificate, equal []*trace, bills int64, digest string) (*schema.Certificate, error) {
	t := equal[len(equal)-1]
	if last != nil && last.Walk != "" && last.Digest == digest && last.Account.Root == u.Account.Root && w.intact(ctx, last) {
		c := *last
		c.Account, c.State, c.Unavailable = u.Account, schema.Complete, nil
		c.Confirmed = &schema.Confirmation{Walk: t.walk, At: t.ended, RunID: w.runID}
		return w.store(ctx, &c)
	}
	if last != nil && shrinks(last.Bills, bills) && !w.allowShrink {
		return nil, fmt.Errorf("the day shrank from %d bills to %d: it is published only with --allow-shrink", last.Bills, bills)
	}
	c := &schema.Certificate{
		Account: u.Account, Day: u.Day, State: schema.Complete,
		Walk: t.walk, Pages: t.pages, End: "has_more=false",
		Rows: t.rows, Bills: bills, Digest: digest, FinishedAt: t.ended, RunID: w.runID,
	}
	for _, e := range equal {
		c.Agreed = append(c.Agreed, e.walk)
	}
	return w.store(ctx, c)
}

// store makes a certificate durable. Where another run has certified the very
// walk, its certificate is the one.
func (w *walker) store(ctx context.Context, c *schema.Certificate) (*schema.Certificate, error) {
	err := w.archive.Certify(ctx, c)
	if !errors.Is(err, schema.ErrTaken) {
		return c, err
	}
	c, _, err = w.archive.Unit(ctx, c.Unit())
	return c, err
}

// certified yields the answers of a certified walk, each checked against the
// certificate's chain of pages. Where the archive does not hold all of them as
// they were, it ends with an error of the unit's.
func certified(ctx context.Context, archive Archive, c *schema.Certificate) iter.Seq2[schema.Answer, error] {
	return func(yield func(schema.Answer, error) bool) {
		n := 0
		damaged := func(err error) { yield(schema.Answer{}, &schema.UnitError{Unit: c.Unit(), Err: err}) }
		for answer, err := range archive.Answers(ctx, c.Unit(), c.Walk) {
			if ctx.Err() != nil {
				yield(schema.Answer{}, ctx.Err())
				return
			}
			if err != nil {
				damaged(err)
				return
			}
			if n == len(c.Pages) {
				return // what follows is not part of the certified walk
			}
			if link := c.Pages[n]; schema.HashOf(answer.Body) != link.SHA256 || answer.Cursor != link.Cursor {
				damaged(fmt.Errorf("archive object %s: page %d is not the one that was certified", answer.Key, n+1))
				return
			}
			n++
			if !yield(answer, nil) {
				return
			}
		}
		if n < len(c.Pages) {
			damaged(fmt.Errorf("the archive holds %d of the walk's %d pages", n, len(c.Pages)))
		}
	}
}

// intact says that the archive still holds what the certificate says, and that
// every page of it proves to be one: an earlier version took some errors for pages.
// Where it does not, the unit is walked anew.
func (w *walker) intact(ctx context.Context, c *schema.Certificate) bool {
	err := w.fault(ctx, c)
	if err != nil {
		w.log.Warn("a certified walk in the archive cannot be relied on", "account_id", c.Account.ID, "bill_date", c.Day, "walk", c.Walk, "error", err)
	}
	return err == nil
}

func (w *walker) fault(ctx context.Context, c *schema.Certificate) error {
	if c.Walk == "" {
		return nil
	}
	for answer, err := range certified(ctx, w.archive, c) {
		if err != nil {
			return err
		}
		if err := normalise.Succeeded(answer.Body); err != nil {
			return fmt.Errorf("archive object %s: page %d: %w", answer.Key, answer.Page, err)
		}
	}
	return nil
}

// shrinks says that a closed day lost more than a tenth of its bills.
func shrinks(before, after int64) bool { return after < before-before/10 }

// unavailable certifies that the platform cannot list the unit's bills any more.
// Bills that an earlier walk found are kept, if its pages prove to be such.
func (w *walker) unavailable(ctx context.Context, u schema.Unit, last *schema.Certificate, walk string, why schema.Failure) (*schema.Certificate, error) {
	c := &schema.Certificate{Day: u.Day}
	if last != nil && !errors.Is(w.fault(ctx, last), normalise.ErrNoEvidence) {
		*c = *last
	}
	c.Account, c.State, c.Unavailable = u.Account, schema.Unavailable, &why
	c.Confirmed = &schema.Confirmation{Walk: walk, At: w.now(), RunID: w.runID}
	return w.store(ctx, c)
}

// passing says that the platform or the network was at fault: the same call may
// succeed later.
func passing(err error) bool {
	var typed interface{ Passing() bool }
	return errors.As(err, &typed) && typed.Passing()
}
