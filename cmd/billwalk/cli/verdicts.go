package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"billwalk/schema"
)

// mostDifferences is how many differences the demo shows.
const mostDifferences = 10

// verdicts is what reconciliation found on some days.
type verdicts struct {
	sums        map[schema.Verdict]*verdictSum
	differences []*difference // by order, largest first
}

type verdictSum struct {
	groups          int64
	billed, settled schema.Fen
	offset          schema.Fen // of settled - billed: what groups take back that offset_by names
}

// difference is what bills and settlements of one order differ by, over its days.
type difference struct {
	account  schema.AccountID
	order    string
	first    schema.Day
	legs     [schema.LegCount]schema.Fen
	compared [schema.LegCount]bool
	widest   schema.Fen // of the legs, without sign
}

// readVerdicts reads the published verdicts of the run's days.
func readVerdicts(ctx context.Context, w *wired) (verdicts, error) {
	v := verdicts{sums: make(map[schema.Verdict]*verdictSum)}
	orders := make(map[string]*difference)
	for _, day := range w.run.Days() {
		for bucket := range w.run.Buckets {
			for r, err := range w.lake.Reconciliation(ctx, day, bucket) {
				if err == nil {
					err = v.add(day, r, orders)
				}
				if err != nil {
					return verdicts{}, err
				}
			}
		}
	}
	for _, d := range orders {
		for _, fen := range d.legs {
			d.widest = max(d.widest, fen, -fen)
		}
		v.differences = append(v.differences, d)
	}
	slices.SortFunc(v.differences, func(a, b *difference) int {
		return cmp.Or(cmp.Compare(b.widest, a.widest), cmp.Compare(a.first, b.first), strings.Compare(a.order, b.order))
	})
	return v, nil
}

func (v *verdicts) add(day schema.Day, r *schema.Reconciliation, orders map[string]*difference) (err error) {
	sum := v.sums[r.Verdict]
	if sum == nil {
		sum = new(verdictSum)
		v.sums[r.Verdict] = sum
	}
	sum.groups++
	if sum.billed, err = sum.billed.Add(r.Billed[schema.LegTotal].V); err != nil {
		return err
	}
	if sum.settled, err = sum.settled.Add(r.Settled[schema.LegTotal].V); err != nil {
		return err
	}
	if slices.ContainsFunc(r.Reasons, func(reason string) bool { return strings.HasPrefix(reason, schema.ReasonOffsetBy) }) {
		if sum.offset, err = sum.offset.Add(r.Diff[schema.LegTotal].V); err != nil {
			return err
		}
	}
	if r.Verdict != schema.Mismatched {
		return nil
	}
	order, _, _ := strings.Cut(r.GroupKey, "/")
	key := string(r.WalkAccountID) + " " + order
	d := orders[key]
	if d == nil {
		d = &difference{account: r.WalkAccountID, order: order, first: day}
		orders[key] = d
	}
	for leg, fen := range r.Diff {
		if !fen.Valid {
			continue
		}
		d.compared[leg] = true
		if d.legs[leg], err = d.legs[leg].Add(fen.V); err != nil {
			return err
		}
	}
	return nil
}

// print prints the verdicts, and the largest differences in yuan.
func (v *verdicts) print(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "verdict\tgroups\tbilled 账单\tsettled 分账\t 结论")
	for _, verdict := range schema.Verdicts {
		if s := v.sums[verdict]; s != nil {
			fmt.Fprintf(table, "%s\t%d\t%s\t%s\t %s\n", verdict, s.groups, s.billed.Yuan(), s.settled.Yuan(), verdict.Label())
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := v.printOffset(out); err != nil {
		return err
	}
	if len(v.differences) == 0 {
		return nil
	}
	shown := v.differences[:min(mostDifferences, len(v.differences))]
	fmt.Fprintf(out, "\nThe %d largest of %s, settled - billed in yuan (+ 多分, - 少分):\n", len(shown), count(len(v.differences), "difference"))
	table = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "total 总额\tfee 平台服务费\tcommission 佣金\tnet 商家实际结算\tfirst day\taccount\torder\t")
	for _, d := range shown {
		for leg, fen := range d.legs {
			if d.compared[leg] {
				fmt.Fprint(table, fen.Yuan())
			} else {
				fmt.Fprint(table, "-")
			}
			fmt.Fprint(table, "\t")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", d.first, d.account, plain(d.order))
	}
	return table.Flush()
}

// printOffset adds the matched groups up where they differ on the whole: what is
// settled with groups of other verdicts or days, and what was not compared.
func (v *verdicts) printOffset(out io.Writer) error {
	s := v.sums[schema.Matched]
	if s == nil || s.billed == s.settled {
		return nil
	}
	rest, err := s.settled.Sub(s.billed)
	if err == nil {
		rest, err = rest.Sub(s.offset)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nmatched 平账: %s billed 账单%s%s = %s settled 分账\n", s.billed.Yuan(),
		plus(s.offset, "offset by groups of other verdicts or days 由其他结论或日期的组抵回 (offset_by)"),
		plus(rest, "within the tolerance, or not known on both sides 在容差内或一方未知"), s.settled.Yuan())
	return err
}

// plus returns what is added to a sum, "" if it is nothing.
func plus(fen schema.Fen, what string) string {
	switch {
	case fen < 0:
		return fmt.Sprintf(" - %s %s", (-fen).Yuan(), what)
	case fen > 0:
		return fmt.Sprintf(" + %s %s", fen.Yuan(), what)
	}
	return ""
}
