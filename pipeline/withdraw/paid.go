package withdraw

import (
	"context"
	"iter"
	"maps"
	"slices"

	"billwalk/schema"
)

// paidBills has the bills that the withdrawals of some days pay, and the withdrawals of other
// days that pay one of them.
type paidBills struct {
	paidIndex
	loaded   map[schema.Day]bool // whose bills it has
	earliest schema.Day          // of a bill in it; a withdrawal before it pays none of them
}

// days yields the days whose bills it has.
func (p *paidBills) days() iter.Seq[schema.Day] { return maps.Keys(p.loaded) }

// findTwice returns what the withdrawals of the due days pay, and adds the days, of those that
// are looked at, with a withdrawal that pays the same bill: they must be published as well.
func (b *bucketNight) findTwice(ctx context.Context, due map[schema.Day]bool) (*paidBills, error) {
	p := &paidBills{loaded: make(map[schema.Day]bool)}
	add := slices.Sorted(maps.Keys(due))
	if len(add) > 0 {
		p.earliest = add[0]
	}
	for len(add) > 0 {
		for _, day := range add {
			if err := b.loadPaid(ctx, p, day); err != nil {
				return nil, err
			}
		}
		p.sort()
		add = nil
		for _, day := range b.Published {
			if p.loaded[day] || day < p.earliest || day > b.To {
				continue
			}
			paysToo, err := b.paysToo(ctx, p, day)
			if err != nil {
				return nil, err
			}
			if paysToo && day >= b.From {
				add = append(add, day)
			}
		}
	}
	for _, day := range b.Published { // days that are not looked at, and stay as they are
		if day >= p.earliest && day < b.From && len(p.loaded) > 0 {
			if err := b.addPublished(ctx, p, day); err != nil {
				return nil, err
			}
		}
	}
	p.sort()
	return p, nil
}

// loadPaid adds the bills that the withdrawals of a day pay, by the archive.
func (b *bucketNight) loadPaid(ctx context.Context, p *paidBills, day schema.Day) error {
	m, err := b.manifest(ctx, day)
	if err != nil {
		return err
	}
	p.loaded[day] = true
	for l, err := range b.launches(ctx, m) {
		if err != nil {
			return err
		}
		for i := range l.Withdrawals {
			w := &l.Withdrawals[i]
			for j := range w.Bills {
				bill := &w.Bills[j]
				if on := bill.SettledOn; !on.Valid {
					p.earliest = min(p.earliest, day-schema.Day(b.Lookback))
				} else {
					p.earliest = min(p.earliest, on.V)
				}
				p.add(hashOf(&bill.WithdrawnBill), w.WithdrawID)
			}
		}
	}
	return nil
}

// paysToo reports whether a withdrawal that is published on the day pays one of the bills.
func (b *bucketNight) paysToo(ctx context.Context, p *paidBills, day schema.Day) (bool, error) {
	for w, err := range b.published(ctx, day) {
		if err != nil {
			return false, err
		}
		if len(p.find(hashOf(w))) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// addPublished adds the withdrawals that are published on the day and pay one of the bills.
func (b *bucketNight) addPublished(ctx context.Context, p *paidBills, day schema.Day) error {
	for w, err := range b.published(ctx, day) {
		if err != nil {
			return err
		}
		if bill := hashOf(w); len(p.find(bill)) > 0 {
			p.add(bill, w.WithdrawID)
		}
	}
	return nil
}

// published yields what the withdrawals of a day pay, as published.
func (b *bucketNight) published(ctx context.Context, day schema.Day) iter.Seq2[*schema.WithdrawnBill, error] {
	return func(yield func(*schema.WithdrawnBill, error) bool) {
		m, err := b.manifest(ctx, day)
		if err != nil {
			yield(nil, err)
			return
		}
		if m == nil || m.Object(schema.WithdrawnBills.Name) == nil {
			return
		}
		for row, err := range b.Lake.Rows(ctx, &schema.WithdrawnBills, day, b.bucket, "withdraw_id", "ledger_id", "settle_type", "settle_sub_type") {
			w, _ := row.(*schema.WithdrawnBill)
			if !yield(w, err) {
				return
			}
		}
	}
}

// launches yields what the archive has of a day's payees: those of this run, and those that
// the manifest names.
func (b *bucketNight) launches(ctx context.Context, m *schema.Manifest) iter.Seq2[*Launches, error] {
	return func(yield func(*Launches, error) bool) {
		for _, p := range b.payeesOf(m) {
			l, err := b.Recall(ctx, schema.Unit{Account: p.Account, Day: m.Day})
			if l == nil && err == nil {
				continue
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// payeesOf returns the payees of a published day, by id: those that this run looks at, and
// those that the manifest names.
func (b *bucketNight) payeesOf(m *schema.Manifest) []payee {
	known := make(map[schema.AccountID]payee)
	if m.Withdrawals != nil {
		for _, e := range m.Withdrawals.Payees {
			known[e.Account.ID] = payee{Account: e.Account, walk: e.WalkAccount}
		}
	}
	for _, p := range b.payees {
		if e := m.Entry(p.walk); e != nil && e.Certificate != nil {
			known[p.ID] = p
		}
	}
	var all []payee
	for _, id := range slices.Sorted(maps.Keys(known)) {
		all = append(all, known[id])
	}
	return all
}
