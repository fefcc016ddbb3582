package pipeline

import (
	"billwalk/schema"
)

// Plan is what a run would do.
type Plan struct {
	Units []PlannedUnit                         // in the order in which they are walked
	Bases []schema.Base                         // one per partition, as published now
	Rules map[schema.AccountID][]schema.RuleUse // how often each match rule has answered, as last published

	StoreCalls      int // of the store API, at least
	WithdrawalCalls int // of the withdrawal API, at least
}

// PlannedUnit is a unit, and what the manifests and the archive say of it.
type PlannedUnit struct {
	schema.Unit
	Current     bool  // it need not be fetched: its bills are published or in the archive
	Archived    bool  // Current, by a walk that is in the archive and not published
	Begun       int   // pages in the archive of walks that a run resumes
	Pages       int   // of one walk; 0 where nothing is known
	Queries     int64 // of the trade system: for open orders where the day is published, else for as many orders as the account had on another day
	OrdersKnown bool  // Queries says something: the day is published, or another one of the account

	agreeing  int64 // orders of the published day that are not open
	estimated bool  // Pages and Queries are those of another day
}

// Pages returns how many pages one walk has of all units that are to be walked, as far
// as it is known, the number of units of which nothing is known, and the number of
// units that are not walked again.
func (p *Plan) Pages() (pages, unknown, whole int) {
	for _, u := range p.Units {
		switch {
		case u.Current:
			whole++
		case u.Pages == 0:
			unknown++
		default:
			pages += u.Pages
		}
	}
	return pages, unknown, whole
}

// pagesOf returns a function that returns how many pages a walk of a unit is likely to
// have, 0 where nothing is known.
func (p *Plan) pagesOf() func(schema.Unit) int {
	pages := make(map[schema.Unit]int, len(p.Units))
	for _, u := range p.Units {
		pages[u.Unit] = u.Pages
	}
	return func(u schema.Unit) int { return pages[u] }
}

// BillCalls returns how many calls of the bill API the given number of equal walks of
// each unit takes at least. A walk of a unit of unknown size is taken to have one page.
func (p *Plan) BillCalls(passes int) (calls int) {
	for _, u := range p.Units {
		if !u.Current {
			calls += max(max(u.Pages, 1)*passes-u.Begun, 0)
		}
	}
	return calls
}

// Archived returns how many units are whole in the archive and not published, and how
// many pages of walks that were begun are there.
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

// Queries returns how many queries the trade system is likely to get.
func (p *Plan) Queries() (queries int64) {
	for _, u := range p.Units {
		queries += u.Queries
	}
	return queries
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

// published returns the certificate with which a unit is published, its entry in the
// manifest, and the manifest; or nil.
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

// addFinalCheck adds the queries for orders that agree, on the day that is looked at for
// the last time: one each, as the rule that answered is tried first.
func (p *Plan) addFinalCheck(day schema.Day) {
	for i := range p.Units {
		if u := &p.Units[i]; u.Day == day {
			u.Queries += u.agreeing
		}
	}
}
