package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"billwalk/schema"
	"billwalk/sinks/report"
)

// readWithdrawals adds up the withdrawals that are not tied by age, the oldest first.
func (s *status) readWithdrawals(ctx context.Context, w *wired, bases [][]schema.Base) error {
	type key struct {
		age     int
		verdict schema.WithdrawVerdict
	}
	sums := make(map[key]*openWithdrawals)
	for i, day := range w.run.Days() {
		age := slices.IndexFunc(report.AgeBands, func(b report.AgeBand) bool { return b.Has(int(w.run.To - day)) })
		for bucket, base := range bases[i] {
			if base.Manifest == nil || base.Manifest.Object(schema.Withdrawals.Name) == nil {
				continue
			}
			err := readWithdrawals(ctx, w.lake, schema.Partition{Day: day, Bucket: bucket}, func(row *schema.Withdrawal) error {
				at := key{age, row.Verdict}
				if row.Verdict == schema.Tied {
					return nil
				}
				if sums[at] == nil {
					sums[at] = &openWithdrawals{Age: bandName(report.AgeBands[age]), Verdict: row.Verdict, Oldest: day}
				}
				return sums[at].add(row)
			})
			if err != nil {
				return err
			}
		}
	}
	if len(sums) > 0 {
		s.payees = namesOf(w.run.Accounts)
		if err := s.payees.addNewest(ctx, w.lake, bases); err != nil {
			return err
		}
	}
	for age := range slices.Backward(report.AgeBands) {
		for _, v := range schema.WithdrawVerdicts {
			if sum := sums[key{age, v}]; sum != nil {
				s.OpenWithdrawals = append(s.OpenWithdrawals, *sum)
			}
		}
	}
	return nil
}

func (s *status) printWithdrawals(out io.Writer) {
	for i, o := range s.OpenWithdrawals {
		title := ""
		if i == 0 {
			title = "withdrawn"
		}
		diff := ""
		if o.Verdict == schema.WithdrawMismatched {
			diff = ", difference " + o.Diff.Yuan()
		}
		of := ""
		if who, more := o.named(s.payees.with); len(who) > 0 {
			of = ": " + strings.Join(who, ", ")
			if more > 0 {
				of += fmt.Sprintf(" and %d more", more)
			}
		}
		fmt.Fprintf(out, "%-10s %5s days  %6d %-15s %s yuan%s, since %s%s\n", title, o.Age, o.Count, o.Verdict, o.Fen.Yuan(), diff, o.Oldest, of)
	}
}
