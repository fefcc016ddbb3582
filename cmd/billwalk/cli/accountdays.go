package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

const (
	manifestReads = 64 // of the lake side by side

	maxSpans    = 3  // columns of days that fit 100 columns of a terminal
	maxAccounts = 20 // that are shown, unless all are wanted
	nameWidth   = 24
)

// accountDays is what the published bills of a run come to, by account and span of days.
type accountDays struct {
	spans    []daySpan
	accounts []accountRow
	total    accountRow
	unknown  int64 // bills whose amount is not known
}

type accountRow struct {
	account schema.Account
	sums    []unitSum // by span
	all     unitSum
}

// daySpan are days in a row, both ends included.
type daySpan struct{ from, to schema.Day }

// unitSum is the ledger_total of some units, and how many of them it is of.
type unitSum struct {
	fen                schema.Fen
	whole, unavailable int // units; unavailable ones were withdrawn manually
	stale              int // failed, and have the bills of an earlier run, which are in fen
	failed, missing    int // have no bills; missing ones are not published at all
}

// spansOf returns the days of a run in columns: its lookback, and its own days, one by one
// or several together.
func spansOf(r *pipeline.Run) (spans []daySpan) {
	columns := maxSpans
	if r.Lookback > 0 {
		spans = append(spans, daySpan{from: r.From - schema.Day(r.Lookback), to: r.From - 1})
		columns--
	}
	days := int(r.To-r.From) + 1
	width := schema.Day((days + columns - 1) / columns)
	for from := r.From; from <= r.To; from += width {
		spans = append(spans, daySpan{from: from, to: min(from+width-1, r.To)})
	}
	return spans
}

// title is the head of a column: month and day are enough to tell them apart.
func (s daySpan) title() string {
	first, last := s.from.String()[5:], s.to.String()[5:]
	if s.from == s.to {
		return first
	}
	return first + "…" + last
}

// readAccountDays reads the manifests of the run's days.
func readAccountDays(ctx context.Context, l *lake.Lake, r *pipeline.Run) (*accountDays, error) {
	days, buckets := r.Days(), schema.BucketsOf(r.Accounts, r.Buckets)
	manifests := make([][]*schema.Manifest, len(days)) // by bucket
	reads, reading := errgroup.WithContext(ctx)
	reads.SetLimit(manifestReads)
	for i, day := range days {
		manifests[i] = make([]*schema.Manifest, r.Buckets)
		for _, bucket := range buckets {
			reads.Go(func() (err error) {
				manifests[i][bucket], err = l.Manifest(reading, day, bucket)
				return err
			})
		}
	}
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	a := newAccountDays(r)
	for _, account := range r.Accounts {
		row := accountRow{account: account, sums: make([]unitSum, len(a.spans))}
		for i, day := range days {
			if err := a.add(&row, day, manifests[i][account.ID.Bucket(r.Buckets)]); err != nil {
				return nil, err
			}
		}
		a.accounts = append(a.accounts, row)
	}
	return a, nil
}

func newAccountDays(r *pipeline.Run) *accountDays {
	a := &accountDays{spans: spansOf(r)}
	a.total = accountRow{sums: make([]unitSum, len(a.spans))}
	return a
}

// add adds what a manifest, which may be nil, has of the row's account.
func (a *accountDays) add(row *accountRow, day schema.Day, m *schema.Manifest) error {
	var unit unitSum
	var e *schema.Entry
	if m != nil {
		e = m.Entry(row.account.ID)
	}
	switch {
	case e == nil:
		unit.missing = 1
	case e.State == schema.Complete:
		unit.whole = 1
	case e.State == schema.Unavailable:
		unit.unavailable = 1
	case e.Stale:
		unit.stale = 1
	default:
		unit.failed = 1
	}
	if e != nil {
		sum := e.Totals.Sum(schema.LedgerTotal.Column())
		unit.fen, a.unknown = sum.Fen, a.unknown+sum.Nulls
	}
	i := slices.IndexFunc(a.spans, func(s daySpan) bool { return s.from <= day && day <= s.to })
	for _, sum := range []*unitSum{&row.sums[i], &row.all, &a.total.sums[i], &a.total.all} {
		if err := sum.add(unit); err != nil {
			return fmt.Errorf("adding up account %s: %w", row.account.ID, err)
		}
	}
	return nil
}

func (s *unitSum) add(other unitSum) (err error) {
	s.whole, s.unavailable, s.stale = s.whole+other.whole, s.unavailable+other.unavailable, s.stale+other.stale
	s.failed, s.missing = s.failed+other.failed, s.missing+other.missing
	s.fen, err = s.fen.Add(other.fen)
	return err
}

// partial says that the amount is not that of all of the units, as they are today.
func (s *unitSum) partial() bool { return s.lacking() > 0 }

func (s *unitSum) lacking() int { return s.unavailable + s.stale + s.failed + s.missing }

// cell shows the amount, or why there is none.
func (s *unitSum) cell() cell {
	switch {
	case !s.partial():
		return cell{text: s.fen.Yuan() + " "}
	case s.whole+s.stale > 0:
		return cell{s.fen.Yuan() + "*", yellow}
	case s.failed > 0:
		return cell{"failed ", red}
	case s.unavailable > 0:
		return cell{"unavailable ", yellow}
	default:
		return cell{"missing ", red}
	}
}

// print prints ledger_total in yuan, with their total. Where there are many accounts, those
// that lack something come first, then the largest, unless all are wanted.
func (a *accountDays) print(out io.Writer, all, styled bool) error {
	header := []string{"to settle 应结算/元", "name"}
	for _, s := range a.spans {
		header = append(header, s.title()+" ")
	}
	t := newTable(append(header, "total ")...).alignLeft(0, 1)
	shown, rest, err := a.shown(all)
	if err != nil {
		return err
	}
	for _, row := range shown {
		t.rows = append(t.rows, row.cells(string(row.account.ID), shorten(plain(row.account.Name), nameWidth)))
	}
	if rest != nil {
		t.rows = append(t.rows, rest.cells(fmt.Sprintf("%d more", len(a.accounts)-len(shown)), "--verbose shows them"))
	}
	total := a.total.cells("total 合计", count(len(a.accounts), "account"))
	for i := range total {
		total[i].style = bold
	}
	t.rows = append(t.rows, total)
	if err := t.print(out, styled); err != nil {
		return err
	}
	var without []string
	if notes := a.total.all.notes(); len(notes) > 0 {
		without = append(without, "account days: "+strings.Join(notes, ", "))
	}
	if a.unknown > 0 {
		without = append(without, fmt.Sprintf("bills of unknown amount 金额不明: %d", a.unknown))
	}
	if len(without) > 0 {
		fmt.Fprintf(out, "* without %s\n", strings.Join(without, "; "))
	}
	return nil
}

func (r *accountRow) cells(id, name string) []cell {
	cells := []cell{{text: id}, {text: name}}
	for i := range r.sums {
		cells = append(cells, r.sums[i].cell())
	}
	return append(cells, r.all.cell())
}

// notes count the account days that lack something.
func (s *unitSum) notes() (notes []string) {
	for _, n := range []struct {
		units int
		what  string
	}{{s.failed, "failed"}, {s.unavailable, "unavailable"}, {s.missing, "not published"}, {s.stale, "failed with the bills of an earlier run"}} {
		if n.units > 0 {
			notes = append(notes, fmt.Sprintf("%d %s", n.units, n.what))
		}
	}
	return notes
}

// shown returns the accounts that are shown, and the sum of the others; nil if there are
// none.
func (a *accountDays) shown(all bool) (shown []accountRow, rest *accountRow, err error) {
	if all || len(a.accounts) <= maxAccounts {
		return a.accounts, nil, nil
	}
	ordered := slices.SortedStableFunc(slices.Values(a.accounts), func(x, y accountRow) int {
		return cmp.Or(cmp.Compare(y.all.lacking(), x.all.lacking()), cmp.Compare(y.all.fen, x.all.fen))
	})
	rest = &accountRow{sums: make([]unitSum, len(a.spans))}
	for _, row := range ordered[maxAccounts:] {
		for i := range row.sums {
			err = errors.Join(err, rest.sums[i].add(row.sums[i]))
		}
		err = errors.Join(err, rest.all.add(row.all))
	}
	return ordered[:maxAccounts], rest, err
}
