package withdraw

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"billwalk/schema"
)

// maxTries is how often a day is published that another run publishes as well.
const maxTries = 3

// dayRows are the rows of one launch day, and what its manifest says of them.
type dayRows struct {
	entry       schema.WithdrawalsEntry
	withdrawals []schema.Withdrawal
	bills       []schema.WithdrawnBill
	exceptions  []schema.Exception
}

// publish publishes the withdrawals of a day, unless the same are published. Where another run
// was first, it begins again: the base is read before the archive, so that nothing newer is
// replaced.
func (b *bucketNight) publish(ctx context.Context, day schema.Day, paid *paidBills) error {
	for try := 1; ; try++ {
		base, err := b.Lake.Base(ctx, day, b.bucket)
		if err != nil || base.Manifest == nil {
			return err
		}
		err = b.amend(ctx, base, paid)
		if !errors.Is(err, schema.ErrSuperseded) || try == maxTries {
			return err
		}
	}
}

func (b *bucketNight) amend(ctx context.Context, base schema.Base, paid *paidBills) error {
	rows, err := b.rows(ctx, base.Manifest, paid)
	if err != nil {
		return err
	}
	stage, err := b.Lake.Amend(base)
	if err != nil {
		return err
	}
	defer stage.Close()
	m := *base.Manifest
	m.Withdrawals = &rows.entry
	if err := b.stage(ctx, stage, &m, rows); err != nil {
		return err
	}
	if err := stage.Finish(&m); err != nil {
		return err
	}
	same, err := stage.Same(ctx)
	if err != nil || same && sameEntries(base.Manifest.Withdrawals, m.Withdrawals) {
		return err
	}
	if err := stage.Publish(ctx, &m); err != nil {
		return err
	}
	b.manifests[schema.Partition{Day: m.Day, Bucket: m.Bucket}] = &m
	b.found.Amended = append(b.found.Amended, Amendment{base.Manifest, &m})
	return nil
}

// sameEntries reports whether a manifest says the same of the withdrawals as the one that is
// published.
func sameEntries(published, entry *schema.WithdrawalsEntry) bool {
	return published != nil && slices.Equal(published.Bills, entry.Bills) &&
		slices.EqualFunc(published.Payees, entry.Payees, func(x, y schema.PayeeEntry) bool {
			return sameEntry(&x, &y) && x.WalkAccount == y.WalkAccount && x.Unbilled == y.Unbilled
		})
}

// stage stages the rows. Exceptions of the day's bills stay, in their order, and come first.
func (b *bucketNight) stage(ctx context.Context, stage Stage, m *schema.Manifest, rows *dayRows) error {
	m.Exceptions = maps.Clone(m.Exceptions)
	maps.DeleteFunc(m.Exceptions, func(r schema.Rule, _ int64) bool { return r.OfWithdrawals() })
	for row, err := range b.Lake.Rows(ctx, &schema.Exceptions, m.Day, b.bucket) {
		if err != nil {
			return err
		}
		if e := row.(*schema.Exception); !e.Rule.OfWithdrawals() {
			if err := stage.Append(e); err != nil {
				return err
			}
		}
	}
	for i := range rows.exceptions {
		m.Exceptions[rows.exceptions[i].Rule]++
		if err := stage.Append(&rows.exceptions[i]); err != nil {
			return err
		}
	}
	for i := range rows.withdrawals {
		if err := stage.Append(&rows.withdrawals[i]); err != nil {
			return err
		}
	}
	for i := range rows.bills {
		if err := stage.Append(&rows.bills[i]); err != nil {
			return err
		}
	}
	return nil
}

// rows returns the rows of a day by the archive, and what the manifest says of them.
func (b *bucketNight) rows(ctx context.Context, m *schema.Manifest, paid *paidBills) (*dayRows, error) {
	var all []*Launches
	for l, err := range b.launches(ctx, m) {
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	billed, err := b.findBilled(ctx, m.Day, all)
	if err != nil {
		return nil, err
	}
	r := &dayRows{entry: schema.WithdrawalsEntry{
		RunID: b.Walker.RunID, PublishedAt: b.Walker.Now().UTC(), Payees: []schema.PayeeEntry{}, Bills: billed.reads(), Verdicts: make(map[schema.WithdrawVerdict]int64),
	}}
	listed := make(map[schema.AccountID]*Launches)
	for _, l := range all {
		listed[l.Unit.Account.ID] = l
	}
	for _, p := range b.payeesOf(m) {
		l := listed[p.ID]
		e := b.entryOf(m, p, l)
		if l != nil {
			if err := r.add(ctx, billed, p, l, &e, paid); err != nil {
				return nil, err
			}
		}
		if l != nil || e.Failure != nil {
			r.entry.Payees = append(r.entry.Payees, e)
		}
	}
	slices.SortFunc(r.withdrawals, func(x, y schema.Withdrawal) int {
		return cmp.Or(cmp.Compare(x.AccountID, y.AccountID), cmp.Compare(x.WithdrawID, y.WithdrawID))
	})
	slices.SortFunc(r.bills, func(x, y schema.WithdrawnBill) int { return compareBills(&x, &y) })
	return r, nil
}

// entryOf returns what the manifest is to say of a payee, but for its bills. What this run did
// not ask for fails as it did.
func (b *bucketNight) entryOf(m *schema.Manifest, p payee, l *Launches) schema.PayeeEntry {
	e := schema.PayeeEntry{Account: p.Account}
	if l != nil {
		e = l.entry()
		e.Account = p.Account
	}
	e.WalkAccount = p.walk
	if asked, ok := b.fetched[schema.Unit{Account: p.Account, Day: m.Day}]; ok {
		e.Failure = asked.Failure
	} else if published := m.Withdrawals.Payee(p.ID); published != nil {
		e.Failure = published.Failure
	}
	return e
}

// add adds the rows of a payee.
func (r *dayRows) add(ctx context.Context, billed *lookup, p payee, l *Launches, e *schema.PayeeEntry, paid *paidBills) error {
	r.exceptions = append(r.exceptions, l.Exceptions...)
	for i := range l.Withdrawals {
		w := &l.Withdrawals[i]
		r.entry.Verdicts[w.Verdict]++
		r.withdrawals = append(r.withdrawals, w.Withdrawal)
		for j := range w.Bills {
			bill := &w.Bills[j]
			exceptions, err := billed.judge(ctx, w, bill, p.walk, paid.others(&bill.WithdrawnBill))
			if err != nil {
				return err
			}
			if !bill.InBills {
				e.Unbilled++
			}
			r.exceptions, r.bills = append(r.exceptions, exceptions...), append(r.bills, bill.WithdrawnBill)
		}
	}
	return nil
}
