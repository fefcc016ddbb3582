package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// verdicts is what reconciliation found on the days of a run, of the job's accounts.
type verdicts struct {
	sums          map[schema.Verdict]*verdictSum
	refunds       schema.Fen // ledger_total of refund bills; where an earlier version built a day, of others, too
	others        schema.Fen // and of other bills that are not forward
	differences   differences
	neverAnswered map[schema.AccountID]*verdictSum // bills without a settlement, of accounts whose match rules have never found one
}

type verdictSum struct {
	groups          int64
	billed, settled schema.Fen
	offset          schema.Fen // of settled - billed: what groups take back that offset_by names
}

// verdictColumns are what readVerdicts reads.
var verdictColumns = func() []string {
	columns := []string{"walk_account_id", "group_key", "item_order_id", "verdict", "reasons", "refund_fen", "other_fen"}
	for leg := range schema.LegCount {
		columns = append(columns, "billed_"+leg.String()+"_fen", "settled_"+leg.String()+"_fen", "diff_"+leg.String()+"_fen")
	}
	return columns
}()

// readVerdicts reads the published verdicts of the run's days: once for the sums, and where
// groups are mismatched once more for all groups of their orders.
func readVerdicts(ctx context.Context, l *lake.Lake, run *pipeline.Run) (*verdicts, error) {
	v := newVerdicts()
	for r, err := range groupsOf(ctx, l, run) {
		if err == nil {
			err = v.add(r.row)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(v.differences.orders) == 0 {
		return v, nil
	}
	for r, err := range groupsOf(ctx, l, run) {
		if err == nil {
			err = v.differences.add(r.day, r.row)
		}
		if err != nil {
			return nil, err
		}
	}
	v.differences.list(run.To, run.Rules.Lookback)
	return v, nil
}

func newVerdicts() *verdicts {
	return &verdicts{sums: make(map[schema.Verdict]*verdictSum), neverAnswered: make(map[schema.AccountID]*verdictSum), differences: differences{orders: make(map[string]*difference)}}
}

// publishedGroup is a group of a day, valid until the next one is read.
type publishedGroup struct {
	day schema.Day
	row *schema.Reconciliation
}

// groupsOf yields the published groups of the run's days, oldest day first: those of its
// accounts, and of settlements without a bill.
func groupsOf(ctx context.Context, l *lake.Lake, run *pipeline.Run) iter.Seq2[publishedGroup, error] {
	own := map[schema.AccountID]bool{schema.NoAccount: true}
	for _, a := range run.Accounts {
		own[a.ID] = true
	}
	return func(yield func(publishedGroup, error) bool) {
		for _, day := range run.Days() {
			for bucket := range run.Buckets {
				for r, err := range l.Reconciliation(ctx, day, bucket, verdictColumns...) {
					if err == nil && !own[r.WalkAccountID] {
						continue
					}
					if !yield(publishedGroup{day, r}, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// add adds a group to the sums.
func (v *verdicts) add(r *schema.Reconciliation) (err error) {
	sum := v.sums[r.Verdict]
	if sum == nil {
		sum = new(verdictSum)
		v.sums[r.Verdict] = sum
	}
	sum.groups++
	add := func(to *schema.Fen, fen schema.Null[schema.Fen]) {
		if err == nil {
			*to, err = to.Add(fen.V)
		}
	}
	add(&sum.billed, r.Billed[schema.LegTotal])
	add(&sum.settled, r.Settled[schema.LegTotal])
	add(&v.refunds, r.Refund)
	add(&v.others, r.Other)
	if slices.ContainsFunc(r.Reasons, func(reason string) bool { return strings.HasPrefix(reason, schema.ReasonOffsetBy) }) {
		add(&sum.offset, r.Diff[schema.LegTotal])
	}
	if err == nil && slices.Contains(r.Reasons, schema.ReasonNeverAnswered) {
		if v.neverAnswered[r.WalkAccountID] == nil {
			v.neverAnswered[r.WalkAccountID] = new(verdictSum)
		}
		err = v.neverAnswered[r.WalkAccountID].add(&verdictSum{groups: 1, billed: r.Billed[schema.LegTotal].V})
	}
	v.differences.find(r)
	return err
}

// print prints the verdicts in yuan, with their total, which the bills that are not forward
// lead to that of all bills.
func (v *verdicts) print(out io.Writer, bills schema.Fen, styled bool) error {
	t := newTable("verdict", "groups", "billed 账单", "settled 分账", "结论").alignLeft(4)
	var total verdictSum
	for _, verdict := range schema.Verdicts {
		s := v.sums[verdict]
		if s == nil {
			continue
		}
		t.add(string(verdict), fmt.Sprint(s.groups), s.billed.Yuan(), s.settled.Yuan(), verdict.Label())
		if err := total.add(s); err != nil {
			return err
		}
	}
	if len(t.rows) == 0 {
		_, err := fmt.Fprintln(out, "No group of bills is published for these days.")
		return err
	}
	t.add("total 合计", fmt.Sprint(total.groups), total.billed.Yuan(), total.settled.Yuan())
	for i := range t.rows[len(t.rows)-1] {
		t.rows[len(t.rows)-1][i].style = bold
	}
	if err := t.print(out, styled); err != nil {
		return err
	}
	return v.printBridge(out, total.billed, bills)
}

func (s *verdictSum) add(other *verdictSum) (err error) {
	s.groups += other.groups
	if s.billed, err = s.billed.Add(other.billed); err != nil {
		return err
	}
	s.settled, err = s.settled.Add(other.settled)
	return err
}

// printBridge prints what lies between the bills by verdict and all bills.
func (v *verdicts) printBridge(out io.Writer, billed, bills schema.Fen) error {
	rest, err := bills.Sub(billed)
	if err == nil {
		rest, err = rest.Sub(v.refunds)
	}
	if err == nil {
		rest, err = rest.Sub(v.others)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "to settle 应结算: %s = %s billed%s%s%s\n", bills.Yuan(), billed.Yuan(),
		plus(v.refunds, "refunds 退款"), plus(v.others, "others 扣款及其他"), plus(rest, "published since 读取期间有变"))
	return err
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
	_, err = fmt.Fprintf(out, "matched 平账: %s billed 账单%s%s = %s settled 分账\n", s.billed.Yuan(),
		plus(s.offset, "offset by other groups 由其他组抵回"),
		plus(rest, "within the tolerance, or not known on both sides 在容差内或一方未知"), s.settled.Yuan())
	return err
}

// printNeverAnswered prints the accounts whose match rules have never found a settlement.
func (v *verdicts) printNeverAnswered(out io.Writer, names accountNames) error {
	for _, account := range slices.Sorted(maps.Keys(v.neverAnswered)) {
		s := v.neverAnswered[account]
		if _, err := fmt.Fprintf(out, "%s: %s, %s of %s: see settlements.match\n", schema.ReasonNeverAnswered, names.with(account), count(int(s.groups), "group"), s.billed.Yuan()); err != nil {
			return err
		}
	}
	return nil
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
