package pipeline

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

const (
	sizeWindow   = 7  // days back in which a manifest still says how large an account is
	readsAtATime = 16 // of the lake, side by side
)

// MakePlan plans a run from the lake alone; it makes no call. The newest day comes first,
// so that what a deadline or a quota cuts off was published before; within a day the
// largest units come first, so that the last one to end is a short one.
func MakePlan(ctx context.Context, lake Manifests, accounts []schema.Account, days []schema.Day, buckets int) (Plan, error) {
	var plan Plan
	if len(days) == 0 {
		return plan, nil
	}
	days = slices.Sorted(slices.Values(days))
	used := schema.BucketsOf(accounts, buckets)
	var err error
	if plan.Bases, err = readEach(ctx, days, used, lake.Base); err != nil {
		return plan, err
	}
	before, err := readEach(ctx, daysBefore(days[0]), used, lake.Manifest)
	if err != nil {
		return plan, err
	}
	known := make(sizes)
	for _, m := range before {
		known.add(m)
	}
	for _, day := range days {
		plan.addDay(day, accounts, known)
	}
	plan.Rules = make(map[schema.AccountID][]schema.RuleUse)
	for id, s := range known {
		plan.Rules[id] = s.rules
	}
	slices.SortStableFunc(plan.Units, func(a, b PlannedUnit) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(b.Pages, a.Pages))
	})
	return plan, nil
}

// addDay adds the day's units. all has the sizes of the nearest day before; the day's own
// are added to them.
func (p *Plan) addDay(day schema.Day, accounts []schema.Account, all sizes) {
	published, empty := make(sizes), make(map[schema.AccountID]bool)
	for _, base := range p.Bases {
		if base.Day != day {
			continue
		}
		all.add(base.Manifest)
		published.add(base.Manifest)
		addWithoutPages(empty, base.Manifest)
	}
	for _, a := range accounts {
		u := PlannedUnit{Unit: schema.Unit{Account: a, Day: day}}
		u.estimate(all)
		if s, ok := published[a.ID]; ok {
			u.Queries, u.agreeing, u.estimated = s.openQueries, s.agreeing, false
		} else if empty[a.ID] {
			u.Queries, u.OrdersKnown, u.estimated = 0, true, false // it has no page, and so no order
		}
		p.Units = append(p.Units, u)
	}
}

// estimate takes the unit for as large as the account was on another day.
func (u *PlannedUnit) estimate(sizes sizes) {
	s, ok := sizes[u.Account.ID]
	if !ok {
		return
	}
	u.Pages, u.Queries, u.OrdersKnown, u.estimated = s.pages, s.queries, true, true
}

// sizes are how large accounts were on the day that was added last.
type sizes map[schema.AccountID]size

// size is how large an account was on a day.
type size struct {
	pages       int
	queries     int64 // for all orders
	openQueries int64 // for the open orders
	agreeing    int64 // orders that are not open
	rules       []schema.RuleUse
}

// add adds the accounts of a manifest, which may be nil.
func (s sizes) add(m *schema.Manifest) {
	if m == nil {
		return
	}
	for _, e := range m.Units {
		if e.Certificate != nil && len(e.Certificate.Pages) > 0 {
			open, rate := e.Open+e.Mismatched, queryRate(e.Rules)
			s[e.Account.ID] = size{len(e.Certificate.Pages), e.Orders * rate / 100, open * rate / 100, max(e.Orders-open, 0), e.Rules}
		}
	}
}

// addWithoutPages adds the accounts whose bills could not be listed on the manifest's day.
func addWithoutPages(accounts map[schema.AccountID]bool, m *schema.Manifest) {
	if m == nil {
		return
	}
	for _, e := range m.Units {
		if e.Certificate != nil && len(e.Certificate.Pages) == 0 {
			accounts[e.Account.ID] = true
		}
	}
}

// queryRate returns how many queries an order took so far, in hundredths.
func queryRate(rules []schema.RuleUse) int64 {
	var all, largest int64
	for _, u := range rules {
		all, largest = all+u.Asked, max(largest, u.Asked)
	}
	if largest == 0 {
		return 100
	}
	return all * 100 / largest
}

func daysBefore(first schema.Day) []schema.Day {
	var days []schema.Day
	for day := first - sizeWindow; day < first; day++ {
		days = append(days, day)
	}
	return days
}

// readEach reads each of the days' buckets, and returns what was read in the order of
// the days.
func readEach[T any](ctx context.Context, days []schema.Day, buckets []int, read func(context.Context, schema.Day, int) (T, error)) ([]T, error) {
	found := make([]T, len(days)*len(buckets))
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtATime)
	for i := range found {
		reads.Go(func() (err error) {
			found[i], err = read(ctx, days[i/len(buckets)], buckets[i%len(buckets)])
			return err
		})
	}
	return found, reads.Wait()
}

// estimateByNearestDays estimates the accounts without a published day shortly before,
// by their nearest published days.
func (r *Run) estimateByNearestDays(ctx context.Context, plan *Plan) error {
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
	manifests, err := readEach(ctx, nearestDays(published, r.Days()), schema.BucketsOf(accounts, r.Buckets), r.Lake.Manifest)
	if err != nil {
		return err
	}
	known := make(sizes)
	for _, m := range manifests {
		known.add(m)
	}
	for i := range plan.Units {
		if u := &plan.Units[i]; !u.OrdersKnown {
			u.estimate(known)
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
