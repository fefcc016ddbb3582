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

// openAge is what is open of one verdict at an age: orders, summed and told as in the report of
// the same days, or groups where there are too many files to read at a glance.
type openAge struct {
	Age     string         `json:"age"` // in days to the last one that is shown: 0-1, 2-7, 8-30 or 31+
	Verdict schema.Verdict `json:"verdict"`
	Orders  int64          `json:"orders,omitempty"`
	Groups  int64          `json:"groups,omitempty"` // instead of orders
	Fen     *schema.Fen    `json:"fen,omitempty"`    // at stake in the orders: the largest difference of a leg, else what is billed or settled
	Oldest  schema.Day     `json:"oldest"`
}

// maxOpenBytes bounds the files that are read for the orders.
const maxOpenBytes = 256 << 20

// readOpen finds what is open by age, the oldest first.
func (s *status) readOpen(ctx context.Context, w *wired) error {
	var bytes int64
	open := false
	for _, d := range s.Days {
		bytes += d.reconciliationBytes
		open = open || len(d.Open) > 0
	}
	switch {
	case bytes > maxOpenBytes:
		s.countGroups()
		return nil
	case !open && !w.run.Rules.Configured:
		return nil
	}
	ages, err := report.OpenAges(ctx, w.lake, reportOptions(w))
	if err != nil {
		return err
	}
	for _, band := range slices.Backward(report.AgeBands) {
		for _, a := range ages {
			if a.Band == band && a.Orders > 0 {
				s.OpenByAge = append(s.OpenByAge, openAge{Age: bandName(band), Verdict: a.Verdict, Orders: a.Orders, Fen: &a.Stake, Oldest: a.Oldest})
			}
		}
	}
	return nil
}

// countGroups counts what is open by the manifests alone.
func (s *status) countGroups() {
	last := s.Days[len(s.Days)-1].Day
	for _, band := range slices.Backward(report.AgeBands) {
		sums := make(map[schema.Verdict]*openAge)
		for _, d := range s.Days {
			if !band.Has(int(last - d.Day)) {
				continue
			}
			for v, n := range d.Open {
				if sums[v] == nil {
					sums[v] = &openAge{Age: bandName(band), Verdict: v, Oldest: d.Day}
				}
				sums[v].Groups += n
			}
		}
		for _, v := range schema.Verdicts {
			if sums[v] != nil {
				s.OpenByAge = append(s.OpenByAge, *sums[v])
			}
		}
	}
}

func bandName(b report.AgeBand) string {
	if b.Most == 0 {
		return fmt.Sprintf("%d+", b.Least)
	}
	return fmt.Sprintf("%d-%d", b.Least, b.Most)
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
		n, what, stake := o.Orders, "orders", ""
		if o.Fen == nil {
			n, what = o.Groups, "groups"
		} else {
			stake = fmt.Sprintf("%12s yuan at stake, ", o.Fen.Yuan())
		}
		verdict := string(o.Verdict)
		if o.Verdict == schema.NotApplicable {
			verdict = schema.ReasonNoKey // the only ones of them that are open
		}
		fmt.Fprintf(out, "%-10s %5s days  %6d %s %-15s %ssince %s\n", title, o.Age, n, what, verdict, stake, o.Oldest)
	}
	switch {
	case len(s.OpenByAge) == 0:
	case s.OpenByAge[0].Fen == nil:
		fmt.Fprintf(out, "%-10s groups of each day, as above: the files are too large to add up the orders here; the report does\n", "")
	default:
		fmt.Fprintf(out, "%-10s an order of several days or items is counted once, as in the report of these days; the lines of days count its groups\n", "")
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
