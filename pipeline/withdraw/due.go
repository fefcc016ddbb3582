package withdraw

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline/stop"
	"billwalk/schema"
)

// fetch fetches the lists of the payees' days that are not final, the newest day first.
func (b *bucketNight) fetch(calling, ctx context.Context) error {
	b.fetched = make(map[schema.Unit]schema.PayeeEntry)
	if b.Source == nil {
		return nil
	}
	halt := stop.NewHalt(b.Walker.Log)
	defer halt.LogAffected()
	var fetching errgroup.Group
	fetching.SetLimit(max(1, b.InFlight))
	for day := b.To; day >= b.From; day-- {
		units, err := b.notFinal(ctx, day)
		if err != nil {
			return errors.Join(err, fetching.Wait())
		}
		for _, u := range units {
			fetching.Go(func() error {
				b.fetchUnit(calling, ctx, halt, u)
				return nil
			})
		}
	}
	return fetching.Wait()
}

// notFinal returns the payees' units of a published day of which the platform may say
// something new.
func (b *bucketNight) notFinal(ctx context.Context, day schema.Day) (units []schema.Unit, err error) {
	m, err := b.manifest(ctx, day)
	if m == nil || err != nil {
		return nil, err
	}
	for _, p := range b.payees {
		walked, err := b.walked(ctx, day, p.walk)
		if err != nil {
			return nil, err
		}
		if walked && !m.Withdrawals.Payee(p.ID).Final() {
			units = append(units, schema.Unit{Account: p.Account, Day: day})
		}
	}
	return units, nil
}

// fetchUnit fetches the lists of a unit, and notes what the manifest is to say of them. A unit
// that a signal cuts is left to the next run.
func (b *bucketNight) fetchUnit(calling, ctx context.Context, halt *stop.Halt, u schema.Unit) {
	if failure, stopped := halt.Failure(u); stopped {
		b.fail(ctx, u, failure)
		return
	}
	calls, cancel := stop.Outlast(calling, stop.Grace)
	defer cancel()
	l, err := b.Fetch(calls, u, calling.Done())
	switch {
	case err == nil:
		entry := l.entry()
		if entry.Failure != nil {
			halt.Record(*entry.Failure)
		}
		b.note(u, entry)
	case errors.Is(err, stop.ErrStopped) || calls.Err() != nil:
		if errors.Is(context.Cause(calling), stop.ErrDeadline) {
			b.fail(ctx, u, stop.DeadlineFailure(u))
		}
	default:
		failure := b.Keeper.Keep(ctx, u, schema.UnreadableWithdrawals, b.Walker.Now(), err)
		if !halt.Record(failure) {
			b.Walker.Log.Warn("the withdrawals of a payee's day could not be fetched", "account_id", u.Account.ID, "bill_date", u.Day, "error_code", failure.Code, "logid", failure.LogID, "reason", failure.Reason)
		}
		b.fail(ctx, u, failure)
	}
}

// fail notes that a unit could not be fetched: what the archive has of it stays.
func (b *bucketNight) fail(ctx context.Context, u schema.Unit, failure schema.Failure) {
	entry := schema.PayeeEntry{Account: u.Account}
	if l, err := b.Recall(ctx, u); err == nil && l != nil {
		entry = l.entry()
	}
	entry.Failure = &failure
	b.note(u, entry)
}

func (b *bucketNight) note(u schema.Unit, entry schema.PayeeEntry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found.Asked++
	if entry.Failure != nil {
		b.found.Failures = append(b.found.Failures, *entry.Failure)
	}
	b.fetched[u] = entry
}

// entry returns what a manifest says of the launches; unbilled is not known here.
func (l *Launches) entry() schema.PayeeEntry {
	e := schema.PayeeEntry{Account: l.Unit.Account, Certificate: l.Certificate}
	for i := range l.Withdrawals {
		w := &l.Withdrawals[i]
		if !w.Verdict.Final() {
			e.Open++
		}
		if w.Certificate != nil {
			e.Bills = append(e.Bills, schema.BillsOfEntry{WithdrawID: w.WithdrawID, Certificate: w.Certificate})
		}
		if w.Failure != nil && e.Failure == nil {
			e.Failure = w.Failure
		}
	}
	slices.SortFunc(e.Bills, func(x, y schema.BillsOfEntry) int { return cmp.Compare(x.WithdrawID, y.WithdrawID) })
	return e
}

// sameEntry reports whether two entries rest on the same walks, and failed alike. A later walk
// that found the same changes no row.
func sameEntry(x, y *schema.PayeeEntry) bool {
	return x != nil && y != nil && x.Account == y.Account && walkOf(x.Certificate) == walkOf(y.Certificate) && x.Open == y.Open && (x.Failure == nil) == (y.Failure == nil) &&
		endedDay(x.Certificate) == endedDay(y.Certificate) &&
		slices.EqualFunc(x.Bills, y.Bills, func(v, w schema.BillsOfEntry) bool {
			return v.WithdrawID == w.WithdrawID && walkOf(v.Certificate) == walkOf(w.Certificate)
		})
}

func walkOf(c *schema.Certificate) string {
	if c == nil {
		return ""
	}
	return string(c.State) + c.Walk
}

// endedDay reports whether a list was fetched after its day had ended.
func endedDay(c *schema.Certificate) bool {
	return c != nil && !c.Latest().At.Before((c.Day + 1).Start())
}

// due returns the days that must be published: their lists are others than those that were
// published, or the bills that these pay have been published anew. A replay takes every day.
func (b *bucketNight) due(ctx context.Context) (map[schema.Day]bool, error) {
	due := make(map[schema.Day]bool)
	for day := b.From; day <= b.To; day++ {
		m, err := b.manifest(ctx, day)
		if err != nil {
			return nil, err
		}
		if m == nil {
			continue
		}
		is, err := b.isDue(ctx, m)
		if err != nil {
			return nil, err
		}
		if is {
			due[day] = true
		}
	}
	return due, nil
}

func (b *bucketNight) isDue(ctx context.Context, m *schema.Manifest) (bool, error) {
	if b.Source == nil {
		return true, nil
	}
	for _, p := range b.payees {
		if e, asked := b.fetched[schema.Unit{Account: p.Account, Day: m.Day}]; asked && !sameEntry(m.Withdrawals.Payee(p.ID), &e) {
			return true, nil
		}
	}
	if m.Withdrawals == nil {
		return false, nil
	}
	for _, read := range m.Withdrawals.Bills {
		of, err := b.manifest(ctx, read.Day)
		if err != nil {
			return false, err
		}
		if billsOf(of) != read.RowsSHA256 {
			return true, nil
		}
	}
	return false, nil
}

// billsOf returns the hash of a day's published bills, or "" for none.
func billsOf(m *schema.Manifest) string {
	if m == nil {
		return ""
	}
	if o := m.Object(schema.Bills.Name); o != nil {
		return o.RowsSHA256
	}
	return ""
}
