package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
)

// readWithdrawals hands over the withdrawals that were launched on a day, in a row that is
// filled anew.
func readWithdrawals(ctx context.Context, l *lake.Lake, at schema.Partition, take func(*schema.Withdrawal) error) error {
	for row, err := range l.Rows(ctx, &schema.Withdrawals, at.Day, at.Bucket) {
		if err != nil {
			return err
		}
		if w, ok := row.(*schema.Withdrawal); ok {
			if err := take(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// openWithdrawals are the withdrawals of one verdict, other than tied, on days of an age.
type openWithdrawals struct {
	Age     string                 `json:"age"` // in days from the launch to the last one that is shown: 0-1, 2-7, 8-30 or 31+
	Verdict schema.WithdrawVerdict `json:"verdict"`
	Count   int64                  `json:"count"`
	Fen     schema.Fen             `json:"fen"`      // their amounts
	Diff    schema.Fen             `json:"diff_fen"` // amounts less bills, of those that are mismatched
	Oldest  schema.Day             `json:"oldest"`

	payees map[string]bool
}

func (o *openWithdrawals) add(w *schema.Withdrawal) (err error) {
	o.Count++
	if o.payees == nil {
		o.payees = make(map[string]bool)
	}
	if !o.payees[w.AccountID] {
		o.payees[strings.Clone(w.AccountID)] = true
	}
	if o.Fen, err = o.Fen.Add(w.Amount.V); err != nil {
		return err
	}
	if w.Verdict == schema.WithdrawMismatched {
		o.Diff, err = o.Diff.Add(w.Diff.V)
	}
	return err
}

// withdrawalSums adds up the withdrawals that were launched on the run's days, by verdict.
func withdrawalSums(ctx context.Context, l *lake.Lake, r *pipeline.Run) (map[schema.WithdrawVerdict]*openWithdrawals, error) {
	sums := make(map[schema.WithdrawVerdict]*openWithdrawals)
	for _, day := range r.Days() {
		for _, bucket := range schema.BucketsOf(r.Accounts, r.Buckets) {
			err := readWithdrawals(ctx, l, schema.Partition{Day: day, Bucket: bucket}, func(w *schema.Withdrawal) error {
				if sums[w.Verdict] == nil {
					sums[w.Verdict] = &openWithdrawals{Verdict: w.Verdict}
				}
				return sums[w.Verdict].add(w)
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return sums, nil
}

// maxPayees is how many payees of a verdict a line names.
const maxPayees = 3

// named names the first payees, and says how many more there are.
func (o *openWithdrawals) named(name func(schema.AccountID) string) (first []string, more int) {
	ids := slices.Sorted(maps.Keys(o.payees))
	for _, id := range ids[:min(len(ids), maxPayees)] {
		first = append(first, name(schema.AccountID(id)))
	}
	return first, len(ids) - len(first)
}

// withdrawalLines returns a line for each verdict for which somebody has something to do.
func withdrawalLines(sums map[schema.WithdrawVerdict]*openWithdrawals, name func(schema.AccountID) string) (lines []string) {
	for _, v := range []schema.WithdrawVerdict{schema.WithdrawMismatched, schema.WithdrawFailed, schema.WithdrawNotAsked, schema.WithdrawManual} {
		sum := sums[v]
		if sum == nil {
			continue
		}
		diff := ""
		if v == schema.WithdrawMismatched {
			diff = "，差额 " + sum.Diff.Yuan() + " 元"
		}
		who, more := sum.named(name)
		of := strings.Join(who, "、")
		if more > 0 {
			of += fmt.Sprintf(" 等 %d 户", len(who)+more)
		}
		if of != "" {
			of = "（" + of + "）"
		}
		lines = append(lines, fmt.Sprintf("提现%s %d 笔%s：%s 元%s → %s", withdrawalWords[v], sum.Count, of, sum.Fen.Yuan(), diff, v.Advice().Chinese))
	}
	return lines
}

// withdrawalWords follow 提现.
var withdrawalWords = map[schema.WithdrawVerdict]string{
	schema.WithdrawMismatched: "差异", schema.WithdrawFailed: "失败", schema.WithdrawNotAsked: "未取明细", schema.WithdrawManual: "（手动）",
}
