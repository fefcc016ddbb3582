package report

import (
	"cmp"
	"regexp"
	"slices"

	"billwalk/schema"
)

// fillUnits states what is published of each unit, and adds the units up.
func (l *loader) fillUnits(r *Report, t *tables) error {
	accounts := slices.Clone(l.Accounts)
	if slices.ContainsFunc(l.parts, func(p part) bool { return t.units[unitKey{p.day, schema.NoAccount}] != nil }) {
		accounts = append(accounts, schema.Account{ID: schema.NoAccount})
	}
	sums, days := make(map[schema.AccountID]*tally), make(map[schema.AccountID]map[State]int)
	for _, a := range accounts {
		sums[a.ID], days[a.ID] = newTally(), make(map[State]int)
	}
	parts := make(map[schema.Partition]part)
	for _, p := range l.parts {
		parts[schema.Partition{Day: p.day, Bucket: p.bucket}] = p
	}
	for day := l.From; day <= l.To; day++ {
		for _, a := range accounts {
			rows := t.units[unitKey{day, a.ID}]
			if rows == nil {
				if a.ID == schema.NoAccount {
					continue
				}
				rows = newTally()
			}
			p := parts[schema.Partition{Day: day, Bucket: a.ID.Bucket(l.Buckets)}]
			u := p.unit(day, a.ID, l.CodeMeaning)
			u.Figures = rows.figures(&t.adder, false)
			sums[a.ID].merge(&t.adder, rows)
			days[a.ID][u.State]++
			r.Units = append(r.Units, u)
		}
	}
	total := newTally()
	for _, a := range accounts {
		total.merge(&t.adder, sums[a.ID])
		r.Accounts = append(r.Accounts, Account{ID: a.ID, Name: a.Name, Root: a.Root, Days: days[a.ID], Figures: sums[a.ID].figures(&t.adder, false)})
	}
	r.Total, t.unclear = total.figures(&t.adder, true), total.unclear
	r.Total.Errors, r.Total.Warnings = t.exceptions.bySeverity()
	r.AsOf, r.Others = l.asOf(), l.others()
	return t.err
}

// unit says what is published of an account; without figures.
func (p part) unit(day schema.Day, account schema.AccountID, meaning func(code int64) schema.Bilingual) Unit {
	u := Unit{Day: day, Account: account, State: Missing}
	if p.damage != nil {
		u.State, u.Reason = Failed, p.damage.Error()
		u.Why = whyOf(&schema.Failure{Reason: u.Reason, Error: schema.CodeDamaged}, meaning)
		return u
	}
	if p.manifest == nil {
		return u
	}
	u.Generation = p.manifest.Generation
	if account == schema.NoAccount {
		u.State = Complete
		return u
	}
	entry := p.manifest.Entry(account)
	if entry == nil {
		return u
	}
	failure := entry.Failure
	switch {
	case entry.State == schema.Complete:
		u.State = Complete
	case entry.State == schema.Unavailable:
		u.State = Unavailable
		if c := entry.Certificate; c != nil && c.Unavailable != nil {
			failure = c.Unavailable
		}
	case entry.Stale:
		u.State = Stale
	default:
		u.State = Failed
	}
	if failure != nil {
		u.Reason, u.Code, u.LogID, u.Hint = failure.Reason, failure.Code, failure.LogID, textOf(failure.Advice())
		u.Why = whyOf(failure, meaning)
	}
	return u
}

// fullColon finds the colons in Chinese text that are not Chinese ones.
var fullColon = regexp.MustCompile(`(\p{Han}): `)

// whyOf says in both languages why a unit is not complete. The platform's own words are
// Chinese and billwalk's are English; the other language has what the code means.
func whyOf(f *schema.Failure, meaning func(code int64) schema.Bilingual) Text {
	why := Text{fullColon.ReplaceAllString(f.Reason, "$1："), f.Reason}
	for _, e := range schema.ErrorCodes {
		if e.Code == f.Error {
			why.Chinese = e.Meaning.Chinese
		}
	}
	if meaning == nil {
		return why
	}
	for _, code := range []int64{f.SubCode, f.Code} {
		if known := meaning(code); code != 0 && known.English != "" {
			why.English = known.English
		}
	}
	return why
}

// asOf returns the newest publication.
func (l *loader) asOf() (newest AsOf) {
	for _, p := range l.parts {
		if p.manifest == nil {
			continue
		}
		if p.manifest.PublishedAt.After(newest.PublishedAt) {
			newest.PublishedAt, newest.RunID = p.manifest.PublishedAt, p.manifest.RunID
		}
		newest.Generation = max(newest.Generation, p.manifest.Generation)
	}
	return newest
}

// others returns the accounts that are not reported.
func (l *loader) others() []Other {
	found := make(map[schema.AccountID]*Other)
	for _, p := range l.parts {
		if p.manifest == nil {
			continue
		}
		for i := range p.manifest.Units {
			e := &p.manifest.Units[i]
			if l.accounts[e.Account.ID] {
				continue
			}
			if found[e.Account.ID] == nil {
				found[e.Account.ID] = &Other{ID: e.Account.ID}
			}
			found[e.Account.ID].Name = e.Account.Name
			found[e.Account.ID].Bills += e.Totals.Rows
		}
	}
	var list []Other
	for _, o := range found {
		list = append(list, *o)
	}
	slices.SortFunc(list, func(a, b Other) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
