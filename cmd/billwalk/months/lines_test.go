package months

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"billwalk/schema"
)

// compare compares the tables with the truth, day by day.
func (m *monthRun) compare(night int, from, to schema.Day) {
	m.Helper()
	for day := from; day <= to; day++ {
		bills, settlements, groups := m.truth.Lines(day)
		var got monthLines
		got.read(m, day)
		for _, table := range []struct {
			name      string
			want, got []string
		}{{"bills", bills, got.bills}, {"settlements", settlements, got.settlements}, {"verdicts", groups, got.groups}, {"restatements", m.truth.Restated[day], got.restated}} {
			m.same(night, table.name, table.want, table.got)
		}
	}
}

// same compares lines, and logs the stories of the orders that differ.
func (m *monthRun) same(night int, what string, want, got []string) {
	m.Helper()
	diff := gocmp.Diff(want, got)
	if diff == "" {
		return
	}
	var stories strings.Builder
	for _, line := range slices.Concat(without(want, got), without(got, want)) {
		fmt.Fprintf(&stories, "%s\n", line)
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" :#", r) }) {
			if story := m.platform.Story(word); story != "" {
				fmt.Fprintf(&stories, "    %s\n", story)
			}
		}
	}
	m.Errorf("night %d, %s (-truth +lake):\n%.6000s\n%.6000s", night, what, diff, stories.String())
}

func without(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(others, line) })
}

// monthLines are the rows of one day's tables, as the truth writes them.
type monthLines struct{ bills, settlements, groups, restated []string }

func (l *monthLines) read(m *monthRun, day schema.Day) {
	for bucket := range m.job.Run.Buckets {
		each(m, m.job.Lake.Bills(m.Context(), day, bucket), func(b *schema.Bill) {
			l.bills = append(l.bills, fmt.Sprintf("%s %s %s of %s, %d", day, b.WalkAccountID, b.LedgerID, b.AccountID, b.Amounts[schema.LedgerTotal].V))
		})
		each(m, m.job.Lake.Settlements(m.Context(), day, bucket), func(s *schema.Settlement) {
			l.settlements = append(l.settlements, fmt.Sprintf("%s %s %s %d", day, s.SettleID, s.Status, s.Amount.V))
		})
		each(m, m.job.Lake.Reconciliation(m.Context(), day, bucket), func(r *schema.Reconciliation) {
			reasons := "-"
			for _, reason := range []string{"not_asked", "retry_in_flight", "bill_removed", "settlement_unexplained", "settled_elsewhere", "partly_billed", "non_forward"} {
				if slices.Contains(r.Reasons, reason) {
					reasons = reason
				}
			}
			if offsets := slices.DeleteFunc(slices.Clone(r.Reasons), func(reason string) bool { return !strings.HasPrefix(reason, "offset_by:") }); len(offsets) > 0 {
				reasons = strings.Join(offsets, "+")
			}
			l.groups = append(l.groups, fmt.Sprintf("%s %s %s: %s %s %s, %d:%d, %d %d", day, cmp.Or(string(r.WalkAccountID), "-"), r.GroupKey,
				r.Verdict, cmp.Or(string(r.MatchedBy.V), "-"), reasons, r.BillRows, r.SettlementRows, r.Billed[schema.LegTotal].V, r.Settled[schema.LegTotal].V))
		})
		each(m, m.job.Lake.Restatements(m.Context(), day, bucket), func(r *schema.Restatement) {
			l.restated = append(l.restated, fmt.Sprintf("%s %s %s %d", day, r.LedgerID, r.Change, r.DiffTotal.V))
		})
	}
	for _, lines := range [][]string{l.bills, l.settlements, l.groups, l.restated} {
		slices.Sort(lines)
	}
}

func each[R any](t testing.TB, rows iter.Seq2[*R, error], do func(*R)) {
	t.Helper()
	for row, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		do(row)
	}
}
