package pipeline

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"billwalk/schema"
)

// Plan is what a run would do.
type Plan struct {
	Units []PlannedUnit                         // in the order in which they are walked
	Bases []schema.Base                         // one per partition, as published now
	Rules map[schema.AccountID][]schema.RuleUse // how often each match rule has answered, as last published
}

// PlannedUnit is a unit, and what is known of it from the last manifests.
type PlannedUnit struct {
	schema.Unit
	Whole     bool  // as published or in the archive, and not walked again
	Archived  bool  // of these, in the archive, and not as published
	Begun     int   // pages in the archive of walks that a run goes on with
	Pages     int   // of one walk; 0 where nothing is known
	Questions int64 // to the trade system: for the orders that are open where the day is published, else for as many as the account had on another day

	agreeing int64 // orders of the published day that are not open

	OrdersKnown bool // Questions says something: the day is published, or another one of the account
	estimated   bool // by another day of the account
}

const (
	sizeWindow   = 7  // days back in which a manifest still says how large an account is
	readsAtATime = 16 // of the lake, side by side
)

// MakePlan reads the lake and asks the platform nothing. The newest day comes
// first, so that what a deadline or a quota cuts off is what was published
// before; within a day the largest units come first, so that the last one to
// end is a short one.
func MakePlan(ctx context.Context, lake Lake, accounts []schema.Account, days []schema.Day, buckets int) (Plan, error) {
	var plan Plan
	if len(days) == 0 {
		return plan, nil
	}
	days = slices.Sorted(slices.Values(days))
	used := schema.BucketsOf(accounts, buckets)
	var err error
	if plan.Bases, err = ofEach(ctx, days, used, lake.Base); err != nil {
		return plan, err
	}
	before, err := ofEach(ctx, daysBefore(days[0]), used, lake.Manifest)
	if err != nil {
		return plan, err
	}
	sizes := make(map[schema.AccountID]size) // of the nearest day before
	for _, m := range before {
		learn(sizes, m)
	}
	for _, day := range days {
		published, withoutPages := make(map[schema.AccountID]size), make(map[schema.AccountID]bool)
		for _, base := range plan.Bases {
			if base.Day == day {
				learn(sizes, base.Manifest)
				learn(published, base.Manifest)
				learnEmpty(withoutPages, base.Manifest)
			}
		}
		for _, a := range accounts {
			u := PlannedUnit{Unit: schema.Unit{Account: a, Day: day}}
			u.estimate(sizes)
			if s, ok := published[a.ID]; ok {
				u.Questions, u.agreeing, u.estimated = s.open, s.agreeing, false
			} else if withoutPages[a.ID] {
				u.Questions, u.OrdersKnown, u.estimated = 0, true, false // it has no page, and no order
			}
			plan.Units = append(plan.Units, u)
		}
	}
	plan.Rules = make(map[schema.AccountID][]schema.RuleUse)
	for id, s := range sizes {
		plan.Rules[id] = s.rules
	}
	slices.SortStableFunc(plan.Units, func(a, b PlannedUnit) int {
		return cmp.Or(cmp.Compare(b.Day, a.Day), cmp.Compare(b.Pages, a.Pages))
	})
	return plan, nil
}

// addFinalCheck adds the questions for orders that agree, of the day that is looked at
// for the last time: one each, as the rule that answered is asked first.
func (p *Plan) addFinalCheck(day schema.Day) {
	for i := range p.Units {
		if u := &p.Units[i]; u.Day == day {
			u.Questions += u.agreeing
		}
	}
}

func daysBefore(first schema.Day) []schema.Day {
	var days []schema.Day
	for day := first - sizeWindow; day < first; day++ {
		days = append(days, day)
	}
	return days
}

// ofEach reads something of each of the days' buckets, days first.
func ofEach[T any](ctx context.Context, days []schema.Day, buckets []int, read func(context.Context, schema.Day, int) (T, error)) ([]T, error) {
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

// days returns the days of the plan, in the order in which they are walked.
func (p *Plan) days() (days []schema.Day) {
	for _, u := range p.Units {
		if len(days) == 0 || days[len(days)-1] != u.Day {
			days = append(days, u.Day)
		}
	}
	return days
}

// published returns the certificate with which a unit is published, what the lake
// says of it beside that, and the manifest that says so; or nil.
func (p *Plan) published(u schema.Unit) (*schema.Certificate, *schema.Entry, *schema.Manifest) {
	for i := range p.Bases {
		b := &p.Bases[i]
		if b.Day != u.Day || b.Manifest == nil {
			continue
		}
		if e := b.Manifest.Entry(u.Account.ID); e != nil && e.Certificate != nil {
			return e.Certificate, e, b.Manifest
		}
	}
	return nil, nil, nil
}

// base returns what is published of a partition of the plan.
func (p *Plan) base(at schema.Partition) schema.Base {
	i := slices.IndexFunc(p.Bases, func(b schema.Base) bool { return b.Day == at.Day && b.Bucket == at.Bucket })
	return p.Bases[i]
}

// size is how large an account was on a day.
type size struct {
	pages           int
	questions, open int64
	agreeing        int64 // orders that are not open
	rules           []schema.RuleUse
}

// learn notes the accounts' sizes from a manifest.
func learn(sizes map[schema.AccountID]size, m *schema.Manifest) {
	if m == nil {
		return
	}
	for _, e := range m.Units {
		if e.Certificate != nil && len(e.Certificate.Pages) > 0 {
			open := e.Open + e.Mismatched
			sizes[e.Account.ID] = size{len(e.Certificate.Pages), e.Orders * tries(e.Rules) / 100, open * tries(e.Rules) / 100, max(e.Orders-open, 0), e.Rules}
		}
	}
}

// learnEmpty notes the accounts whose bills could not be listed on the manifest's day.
func learnEmpty(accounts map[schema.AccountID]bool, m *schema.Manifest) {
	if m == nil {
		return
	}
	for _, e := range m.Units {
		if e.Certificate != nil && len(e.Certificate.Pages) == 0 {
			accounts[e.Account.ID] = true
		}
	}
}

// tries returns how many questions an order took so far, in hundredths.
func tries(rules []schema.RuleUse) int64 {
	var asked, most int64
	for _, u := range rules {
		asked, most = asked+u.Asked, max(most, u.Asked)
	}
	if most == 0 {
		return 100
	}
	return asked * 100 / most
}

// Pages returns how many pages one walk of all units has that are to be walked,
// where that is known, the number of units of which nothing is known, and of those
// that are not walked again.
func (p *Plan) Pages() (pages, unknown, whole int) {
	for _, u := range p.Units {
		switch {
		case u.Whole:
			whole++
		case u.Pages == 0:
			unknown++
		default:
			pages += u.Pages
		}
	}
	return pages, unknown, whole
}

// BillCalls returns how many calls of the bill API so many equal walks of each unit
// take at least. Of a unit of unknown size, a walk has one page.
func (p *Plan) BillCalls(passes int) (calls int) {
	for _, u := range p.Units {
		if !u.Whole {
			calls += max(max(u.Pages, 1)*passes-u.Begun, 0)
		}
	}
	return calls
}

// Archived returns how many units are whole in the archive and not published so, and
// how many pages are there of walks that were begun.
func (p *Plan) Archived() (units, pages int) {
	for _, u := range p.Units {
		pages += u.Begun
		if u.Archived {
			units++
		}
	}
	return units, pages
}

// OrdersUnknown returns the number of units of whose orders nothing is known.
func (p *Plan) OrdersUnknown() (units int) {
	for _, u := range p.Units {
		if !u.OrdersKnown {
			units++
		}
	}
	return units
}

// Questions returns how many questions the trade system is likely to be asked.
func (p *Plan) Questions() (questions int64) {
	for _, u := range p.Units {
		questions += u.Questions
	}
	return questions
}
