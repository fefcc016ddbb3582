package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// fromArchive notes what a run would take from the archive: a backfill that was
// interrupted has walked days that no manifest has.
func (r *Run) fromArchive(ctx context.Context, plan *Plan, refetch *refetchPolicy) error {
	var reads errgroup.Group
	reads.SetLimit(readsAtATime)
	for i := range plan.Units {
		if plan.Units[i].Whole {
			continue
		}
		reads.Go(func() error { return r.archived(ctx, &plan.Units[i], refetch) })
	}
	return reads.Wait()
}

// archived notes what the archive has of one unit, as a walk would take it.
func (r *Run) archived(ctx context.Context, u *PlannedUnit, refetch *refetchPolicy) error {
	c, begun, err := r.Walk.Archive.Unit(ctx, u.Unit)
	if errors.Is(err, schema.ErrDamaged) {
		c, err = nil, nil // it is walked anew
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
			u.take(c)
			return nil
		}
	}
	for _, b := range begun[max(0, len(begun)-r.Walk.Passes):] {
		pages, err := r.resumable(ctx, u.Unit, b.Walk)
		if err != nil {
			return err
		}
		u.Begun += pages
	}
	return nil
}

// take notes that the unit is not walked again. Its size is known then, and with it
// about how many orders it has.
func (u *PlannedUnit) take(c *schema.Certificate) {
	u.Whole, u.Archived = true, true
	if pages := len(c.Pages); pages > 0 {
		if u.Pages > 0 && u.estimated {
			u.Questions = u.Questions * int64(pages) / int64(u.Pages)
		}
		u.Pages = pages
	}
}

// resumable returns how many pages of a walk are there, if a run would go on with
// it. What cannot be read is fetched again.
func (r *Run) resumable(ctx context.Context, u schema.Unit, walk string) (pages int, err error) {
	for answer, err := range r.Walk.Archive.Answers(ctx, u, walk) {
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

// fromOtherDays estimates the accounts without a published day shortly before, by
// their nearest published days.
func (r *Run) fromOtherDays(ctx context.Context, plan *Plan) error {
	missing := make(map[schema.AccountID]bool)
	for _, u := range plan.Units {
		if !u.OrdersKnown {
			missing[u.Account.ID] = true
		}
	}
	if len(missing) == 0 || r.PublishedDays == nil {
		return nil
	}
	published, err := r.PublishedDays(ctx)
	if err != nil {
		return err
	}
	accounts := slices.DeleteFunc(slices.Clone(r.Accounts), func(a schema.Account) bool { return !missing[a.ID] })
	others, err := ofEach(ctx, nearestDays(published, r.Days()), schema.BucketsOf(accounts, r.Buckets), r.Lake.Manifest)
	if err != nil {
		return err
	}
	sizes := make(map[schema.AccountID]size)
	for _, m := range others {
		learn(sizes, m)
	}
	for i := range plan.Units {
		if u := &plan.Units[i]; !u.OrdersKnown {
			u.estimate(sizes)
		}
	}
	return nil
}

// nearestDays returns the published days that are nearest to the planned ones, the
// nearest last.
func nearestDays(published, planned []schema.Day) []schema.Day {
	first, last := planned[0], planned[len(planned)-1]
	distance := func(d schema.Day) schema.Day { return max(first-d, d-last, 0) }
	near := slices.Clone(published)
	slices.SortStableFunc(near, func(a, b schema.Day) int { return cmp.Compare(distance(b), distance(a)) })
	return near[max(0, len(near)-sizeWindow):]
}

// estimate takes the unit for as large as the account was on another day.
func (u *PlannedUnit) estimate(sizes map[schema.AccountID]size) {
	s, ok := sizes[u.Account.ID]
	if !ok {
		return
	}
	u.Pages, u.Questions, u.OrdersKnown, u.estimated = s.pages, s.questions, true, true
}
