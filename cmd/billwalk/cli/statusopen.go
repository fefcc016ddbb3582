package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"billwalk/schema"
)

// openAge is what is open of one verdict on days of an age.
type openAge struct {
	Age     string         `json:"age"` // in days: 0-1, 2-7, 8-30 or 31+
	Verdict schema.Verdict `json:"verdict"`
	Groups  int64          `json:"groups"`
	Fen     *schema.Fen    `json:"fen,omitempty"` // at stake: billed, settled where there is no bill, or the difference; absent where the files were too many to read
	Oldest  schema.Day     `json:"oldest"`
}

var ages = []struct {
	name string
	days schema.Day // and fewer
}{{"0-1", 1}, {"2-7", 7}, {"8-30", 30}, {"31+", 1 << 30}}

// maxOpenBytes bounds the files that are read for the yuan at stake.
const maxOpenBytes = 256 << 20

// readOpen adds up what is open by age, the oldest first, and the yuan at stake. Where the
// files are too large to be read at a glance, it counts the groups alone.
func (s *status) readOpen(ctx context.Context, w *wired, today schema.Day) error {
	var bytes int64
	for _, d := range s.Days {
		if len(d.Open) > 0 {
			bytes += d.reconciliationBytes
		}
	}
	withFen := bytes <= maxOpenBytes
	for i := len(ages) - 1; i >= 0; i-- {
		sums := make(map[schema.Verdict]*openAge)
		for _, d := range s.Days {
			age := slices.IndexFunc(ages, func(a struct {
				name string
				days schema.Day
			}) bool {
				return today-d.Day <= a.days
			})
			if age != i || len(d.Open) == 0 {
				continue
			}
			for v, n := range d.Open {
				if sums[v] == nil {
					sums[v] = &openAge{Age: ages[i].name, Verdict: v, Oldest: d.Day}
					if withFen {
						sums[v].Fen = new(schema.Fen)
					}
				}
				sums[v].Groups += n
			}
			if withFen {
				if err := addStakes(ctx, w, d.Day, sums); err != nil {
					return err
				}
			}
		}
		for _, v := range schema.Verdicts {
			if sums[v] != nil {
				s.OpenByAge = append(s.OpenByAge, *sums[v])
			}
		}
	}
	return nil
}

// addStakes adds the fen at stake in the open groups of a day.
func addStakes(ctx context.Context, w *wired, day schema.Day, sums map[schema.Verdict]*openAge) error {
	for bucket := range w.run.Buckets {
		for r, err := range w.lake.Reconciliation(ctx, day, bucket, "verdict", "billed_total_fen", "settled_total_fen", "diff_total_fen") {
			if err != nil {
				return err
			}
			sum := sums[r.Verdict]
			if sum == nil {
				continue
			}
			stake := r.Billed[schema.LegTotal].V
			switch {
			case r.Verdict == schema.Mismatched:
				stake = max(r.Diff[schema.LegTotal].V, -r.Diff[schema.LegTotal].V)
			case r.Verdict == schema.SettlementOnly:
				stake = r.Settled[schema.LegTotal].V
			}
			if *sum.Fen, err = sum.Fen.Add(stake); err != nil {
				return err
			}
		}
	}
	return nil
}

// addRules notes the accounts whose groups have the reason rule_never_answered on the latest
// day on which they have orders.
func (s *status) addRules(accounts []schema.Account, bases [][]schema.Base) {
	for _, a := range accounts {
		for _, day := range slices.Backward(bases) {
			m := day[a.ID.Bucket(len(day))].Manifest
			if m == nil || m.Entry(a.ID) == nil || m.Entry(a.ID).Orders == 0 {
				continue
			}
			if e := m.Entry(a.ID); e.NeverAnswered > 0 {
				s.NeverAnswered = append(s.NeverAnswered, neverAnswered{a.ID, e.NeverAnswered, e.Rules})
			}
			break
		}
	}
}

// neverAnswered is an account whose orders the settle query never knows.
type neverAnswered struct {
	Account schema.AccountID `json:"account"`
	Groups  int64            `json:"groups"` // of its latest day
	Rules   []schema.RuleUse `json:"rules"`
}

func (s *status) printOpen(out io.Writer) {
	for i, o := range s.OpenByAge {
		title := ""
		if i == 0 {
			title = "open"
		}
		stake := "not added up: the files are large"
		if o.Fen != nil {
			stake = o.Fen.Yuan() + " yuan at stake"
		}
		fmt.Fprintf(out, "%-10s %5s days  %6d %-15s %s, since %s\n", title, o.Age, o.Groups, o.Verdict, stake, o.Oldest)
	}
	for _, n := range s.NeverAnswered {
		var rules []string
		for _, u := range n.Rules {
			rules = append(rules, fmt.Sprintf("%s asked %d times", u.Rule, u.Asked))
		}
		fmt.Fprintf(out, "match      account %s: no rule has ever found a settlement (%s; %s): check settlements.match and settlements.app\n", s.names.with(n.Account), schema.ReasonNeverAnswered, plain(strings.Join(rules, ", ")))
	}
}

func (s *status) printAtWork(out io.Writer) {
	for _, r := range s.AtWork {
		state := "at work now"
		if !r.Alive {
			state = "was killed before its end"
		}
		fmt.Fprintf(out, "run        %s %s: %s…%s\n", plain(r.RunID), state, r.From, r.To)
	}
}
