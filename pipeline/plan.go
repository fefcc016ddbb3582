package pipeline

import (
	"cmp"
	"context"
	"slices"

	"billwalk/schema"
)

// Plan is what a run would do.
type Plan struct {
	Units []PlannedUnit // in the order in which they are walked
	Bases []schema.Base // one per partition, as published now
}

// PlannedUnit is a unit, and how many pages it had when it was last walked.
type PlannedUnit struct {
	schema.Unit
	Pages int // of one walk; 0 where nothing is known
}

// How far back a manifest still says how large an account is.
const sizeWindow = 7

// MakePlan reads the lake and asks the platform nothing. The newest day comes
// first, so that what a deadline or a quota cuts off is what was published
// before; within a day the largest units come first, so that the last one to
// end is a short one.
func MakePlan(ctx context.Context, lake Lake, accounts []schema.Account, days []schema.Day, buckets int) (Plan, error) {
	var plan Plan
	sizes := make(map[schema.AccountID]int) // pages of the nearest day before
	days = slices.Sorted(slices.Values(days))
	if len(days) == 0 {
		return plan, nil
	}
	for day := days[0] - sizeWindow; day <= days[len(days)-1]; day++ {
		_, wanted := slices.BinarySearch(days, day)
		for _, bucket := range bucketsOf(accounts, buckets) {
			if !wanted && day > days[0] {
				continue
			}
			base, err := lake.Base(ctx, day, bucket)
			if err != nil {
				return plan, err
			}
			learn(sizes, base.Manifest)
			if wanted {
				plan.Bases = append(plan.Bases, base)
			}
		}
		if wanted {
			for _, a := range accounts {
				plan.Units = append(plan.Units, PlannedUnit{schema.Unit{Account: a, Day: day}, sizes[a.ID]})
			}
		}
	}
	slices.SortStableFunc(plan.Units, func(a, b PlannedUnit) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(b.Pages, a.Pages))
	})
	return plan, nil
}

// base returns what is published of a partition of the plan.
func (p *Plan) base(at partition) schema.Base {
	i := slices.IndexFunc(p.Bases, func(b schema.Base) bool { return b.Day == at.day && b.Bucket == at.bucket })
	return p.Bases[i]
}

// learn notes the accounts' sizes from a manifest.
func learn(sizes map[schema.AccountID]int, m *schema.Manifest) {
	if m == nil {
		return
	}
	for _, e := range m.Units {
		if e.Certificate != nil && len(e.Certificate.Pages) > 0 {
			sizes[e.Account.ID] = len(e.Certificate.Pages)
		}
	}
}

// bucketsOf returns the buckets that the accounts fall into, ascending.
func bucketsOf(accounts []schema.Account, buckets int) []int {
	var used []int
	for _, a := range accounts {
		used = append(used, a.ID.Bucket(buckets))
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// Pages returns how many pages one walk of all units has, where that is known,
// and the number of units of which nothing is known.
func (p *Plan) Pages() (pages, unknown int) {
	for _, u := range p.Units {
		pages += u.Pages
		if u.Pages == 0 {
			unknown++
		}
	}
	return pages, unknown
}
