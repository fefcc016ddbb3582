package pipeline

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// addArchived adds to the plan what a run would take from the archive: a backfill that
// was interrupted has walked days that no manifest has.
func (r *Run) addArchived(ctx context.Context, plan *Plan, refetch *refetchPolicy) error {
	var reads errgroup.Group
	reads.SetLimit(readsAtATime)
	for i := range plan.Units {
		if plan.Units[i].Current {
			continue
		}
		reads.Go(func() error { return r.addArchivedUnit(ctx, &plan.Units[i], refetch) })
	}
	return reads.Wait()
}

// addArchivedUnit adds what the archive has of one unit, as a walk would take it.
func (r *Run) addArchivedUnit(ctx context.Context, u *PlannedUnit, refetch *refetchPolicy) error {
	c, begun, err := r.Archive.Unit(ctx, u.Unit)
	if errors.Is(err, schema.ErrDamaged) {
		c, err = nil, nil // it is walked again
	}
	if err != nil {
		return err
	}
	if c != nil {
		current, err := refetch.isCurrent(ctx, u.Unit, c)
		if err != nil {
			return err
		}
		if current {
			u.setWhole(c)
			return nil
		}
	}
	for _, b := range begun[max(0, len(begun)-r.Walk.Passes):] {
		pages, err := r.resumablePages(ctx, u.Unit, b.Walk)
		if err != nil {
			return err
		}
		u.Begun += pages
	}
	return nil
}

// setWhole marks the unit as not walked again. Its size is known then, and with it about
// how many orders it has.
func (u *PlannedUnit) setWhole(c *schema.Certificate) {
	u.Current, u.Archived = true, true
	if pages := len(c.Pages); pages > 0 {
		if u.Pages > 0 && u.estimated {
			u.Queries = u.Queries * int64(pages) / int64(u.Pages)
		}
		u.Pages = pages
	}
}

// resumablePages returns how many pages of a walk are in the archive, if a run would
// resume it. A page that cannot be read is fetched again.
func (r *Run) resumablePages(ctx context.Context, u schema.Unit, walk string) (pages int, err error) {
	for answer, err := range r.Archive.Answers(ctx, u, walk) {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err != nil || pages == 0 && r.Now().Sub(answer.FetchedAt) >= stop.ResumeAge {
			return 0, nil
		}
		pages++
	}
	return pages, nil
}
