package walk

import (
	"context"
	"fmt"
	"iter"

	"billwalk/pipeline/normalise"
	"billwalk/schema"
)

// Certified yields the answers of a certified walk, each checked against the
// certificate's chain of pages. Where the archive does not hold all of them as they
// were, it ends with a *schema.UnitError; other errors are the context's.
func Certified(ctx context.Context, archive Reader, c *schema.Certificate) iter.Seq2[schema.Answer, error] {
	return func(yield func(schema.Answer, error) bool) {
		n := 0
		damaged := func(err error) {
			yield(schema.Answer{}, &schema.UnitError{Unit: c.Unit(), Code: schema.CodeDamaged, Err: err})
		}
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

// intact reports whether the archive still holds the certified walk. Where it does not,
// the unit is walked again.
func (u *unitWalk) intact(ctx context.Context, c *schema.Certificate) bool {
	err := u.checkPages(ctx, c)
	if err != nil {
		u.warn("a certified walk in the archive cannot be relied on", "walk", c.Walk, "error", err)
	}
	return err == nil
}

// checkPages returns why a certified walk cannot be relied on, or nil. Every page must
// prove to be one: an earlier version took some errors for pages.
func (u *unitWalk) checkPages(ctx context.Context, c *schema.Certificate) error {
	if c.Walk == "" {
		return nil
	}
	for answer, err := range Certified(ctx, u.walker.Archive, c) {
		if err != nil {
			return err
		}
		if err := normalise.Succeeded(answer.Body); err != nil {
			return fmt.Errorf("archive object %s: page %d: %w", answer.Key, answer.Page, err)
		}
	}
	return nil
}
