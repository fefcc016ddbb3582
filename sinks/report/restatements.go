package report

import (
	"cmp"
	"context"
	"slices"

	"billwalk/schema"
)

// restatements are the changes of bills, by day.
type restatements map[schema.Day]*Restatements

func (f *found) readRestatements(ctx context.Context, l *loader) error {
	for r, err := range rows[schema.Restatement](ctx, l, &schema.Restatements, f.part) {
		if err != nil {
			return err
		}
		if l.accounts[r.WalkAccountID] {
			f.restatements.addRow(&f.adder, f.part.day, r)
			if closing, closed := l.closings[f.part.day]; closed && closing.Changed(r.RestatedAt) {
				f.afterClosing.addRow(&f.adder, f.part.day, r)
			}
		}
	}
	return f.err
}

func (days restatements) addRow(a *adder, day schema.Day, r *schema.Restatement) {
	d := days[day]
	if d == nil {
		d = &Restatements{Day: day, Examples: []Restatement{}}
		days[day] = d
	}
	switch r.Change {
	case schema.Added:
		d.Added++
	case schema.Removed:
		d.Removed++
	default:
		d.Changed++
	}
	if !r.DiffTotal.Valid || !r.DiffGoods.Valid {
		d.Unknown++
	}
	a.add(&d.Total, r.DiffTotal.V)
	a.add(&d.Merchant, r.DiffGoods.V)
	d.show(Restatement{
		Account: r.WalkAccountID, LedgerID: r.LedgerID, Order: r.ShopOrderID.V, Change: r.Change, Columns: slices.Clone(r.Columns),
		Total: Amount(r.DiffTotal), Merchant: Amount(r.DiffGoods), OldGeneration: r.OldGeneration, NewGeneration: r.NewGeneration, At: r.RestatedAt,
	})
}

// show keeps the change as an example if its effect is one of the largest.
func (d *Restatements) show(r Restatement) {
	d.Examples = append(d.Examples, r)
	slices.SortStableFunc(d.Examples, func(a, b Restatement) int {
		return cmp.Compare(b.effect(), a.effect())
	})
	d.Examples = d.Examples[:min(len(d.Examples), MaxExamples)]
}

// effect returns the larger of both differences, without sign.
func (r *Restatement) effect() uint64 { return max(magnitude(r.Total.V), magnitude(r.Merchant.V)) }

// merge adds those of a later part.
func (days restatements) merge(a *adder, later restatements) {
	for day, o := range later {
		d := days[day]
		if d == nil {
			days[day] = o
			continue
		}
		d.Added, d.Removed, d.Changed, d.Unknown = d.Added+o.Added, d.Removed+o.Removed, d.Changed+o.Changed, d.Unknown+o.Unknown
		a.add(&d.Total, o.Total)
		a.add(&d.Merchant, o.Merchant)
		for _, r := range o.Examples {
			d.show(r)
		}
	}
}

// closedDays returns the closed days of the report, with what changed after.
func (l *loader) closedDays(after restatements) []ClosedDay {
	closed := []ClosedDay{}
	for day := l.From; day <= l.To; day++ {
		c, ok := l.closings[day]
		if !ok {
			continue
		}
		changes := Restatements{Day: day, Examples: []Restatement{}}
		if after[day] != nil {
			changes = *after[day]
		}
		closed = append(closed, ClosedDay{c.By, c.At, c.Generation, changes})
	}
	return closed
}

func (days restatements) days() []Restatements {
	list := make([]Restatements, 0, len(days))
	for _, d := range days {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b Restatements) int { return cmp.Compare(a.Day, b.Day) })
	return list
}
