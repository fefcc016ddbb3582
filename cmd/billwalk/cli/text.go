package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"

	"billwalk/pipeline"
	"billwalk/schema"
)

// printSummary prints what a run did, for people.
func printSummary(out io.Writer, s *pipeline.Summary, names accountNames) {
	fmt.Fprintf(out, "run %s of %s, %s…%s: %s\n", s.RunID, s.Job, s.From, s.To, verdictOf(s))
	fmt.Fprintf(out, "  units       %d complete, %d unavailable, %d failed\n", s.Units.Complete, s.Units.Unavailable, s.Units.Failed)
	if a := s.Archived; a != (pipeline.Archived{}) {
		fmt.Fprintf(out, "  archive     %d of the units and %d pages were there already, of a run that was cut\n", a.Units, a.Pages)
	}
	fmt.Fprintf(out, "  calls       %d for bills, %d for settlements, %d for tokens, of which %d repeated; throttled %d times\n",
		s.Calls.Bills, s.Calls.Settlements, s.Calls.Token, s.Calls.Retries, s.Calls.Throttled)
	if t := s.Seconds; s.Calls.Bills+s.Calls.Settlements > 0 {
		fmt.Fprintf(out, "  seconds     %.1f before the first call, %.1f from there to the end of the last, %.1f after it\n", t.Before, t.Asking, t.After)
	}
	if o := s.Settling; o.Orders > 0 {
		fmt.Fprintf(out, "  orders      %d, of which %d were due and answered, %d have no answer; not queried: %d that agree, %d queried by a run that was cut, %d further bills of an order, %d by trying the likely rule first\n",
			o.Orders, o.Answered, o.Unanswered, o.Saved.Final, o.Saved.Resumed, o.Saved.Distinct, o.Saved.RuleOrder)
	}
	if c := s.Callbacks; c != (pipeline.Callbacks{}) {
		fmt.Fprintf(out, "  callbacks   %d settlements reported, %d orders not queried; %d came too late for days that were not built, %d cannot be read, %d are of other mini-programs\n",
			c.States, s.Settling.Saved.Callbacks, c.Late, c.Unreadable, c.Foreign)
	}
	if c := s.Settling.SettlementOnly; c != (pipeline.Confirming{}) {
		fmt.Fprintf(out, "  no bill     %d settlements known from callbacks alone were queried: %d confirmed, %d not known to the settle query, %d have no answer\n",
			c.Answered+c.Unanswered, c.Confirmed, c.Answered-c.Confirmed, c.Unanswered)
	}
	fmt.Fprintf(out, "  rows        %d bills, %d settlements, %d groups reconciled, %d exceptions; %d records came twice and count once\n",
		s.Rows[schema.Bills.Name], s.Rows[schema.Settlements.Name], s.Rows[schema.Reconciliations.Name], s.Rows[schema.Exceptions.Name], s.Repeated)
	if l := s.Stores; l != nil {
		fmt.Fprintf(out, "  stores      %d of %s, %d calls; %d rows\n", l.Listed, count(l.Listed+len(l.Failures), "account"), s.Calls.Stores, s.Rows[schema.Stores.Name])
	}
	if f := s.Withdrawals; f != nil {
		printWithdrawals(out, f, s.Calls.Withdrawals)
	}
	unchanged := 0
	for _, o := range s.Partitions {
		if o.Unchanged {
			unchanged++
		}
	}
	fmt.Fprintf(out, "  published   %d files in %s; %d had the same rows and stay\n", len(s.Partitions)-unchanged, time.Duration(s.ElapsedSeconds*float64(time.Second)).Round(10*time.Millisecond), unchanged)
	printOfBills(out, s)
	if s.Report != "" {
		fmt.Fprintf(out, "  report      %s, and report.xlsx beside it\n", s.Report)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(out, "  warning     %s\n", plain(warning))
	}
	printFailures(out, "unavailable", s.Unavailable, names)
	printFailures(out, "failed", s.Failures, names)
	if s.Withdrawals != nil {
		printToDo(out, s.Withdrawals.ToDo, names)
		printFailures(out, "withdrawals", s.Withdrawals.Failures, names)
	}
	if s.Stores != nil {
		printFailures(out, "no stores", s.Stores.Failures, names)
	}
}

// printOfBills prints what a run found out about the bills, a line for each kind.
func printOfBills(out io.Writer, s *pipeline.Summary) {
	for _, v := range schema.Verdicts {
		if n := s.Verdicts[v]; n > 0 {
			fmt.Fprintf(out, "  verdicts    %6d %-15s %s\n", n, v, v.Label())
		}
	}
	for _, change := range []schema.Change{schema.Added, schema.Removed, schema.Changed} {
		if n := s.Restated[change]; n > 0 {
			fmt.Fprintf(out, "  restated    %6d bills of closed days were %s since they were published\n", n, change)
		}
	}
	if r := s.ToReplay; r != nil {
		fmt.Fprintf(out, "  to replay   %6d orders of days that were not looked at got bills or settlements since: replay JOB --from %s --to %s\n", r.Orders, r.From, r.To)
	}
	for _, rule := range slices.Sorted(maps.Keys(s.Exceptions)) {
		fmt.Fprintf(out, "  exceptions  %6d %s\n", s.Exceptions[rule], rule)
	}
	for _, alarm := range s.Alarms {
		text, _ := alarm.Text()
		fmt.Fprintf(out, "  alarm       %s\n", text)
	}
}

func verdictOf(s *pipeline.Summary) string {
	switch s.ExitCode {
	case pipeline.ExitDone:
		return "done"
	case pipeline.ExitIncomplete:
		if len(s.Partitions) == 0 {
			return "incomplete; no day was whole, and none was published (exit 3)"
		}
		return "incomplete; what is whole was published (exit 3)"
	case pipeline.ExitDifferences:
		return fmt.Sprintf("done; %s, which --fail-on is about (exit 4)", strings.Join(differencesOf(s), ", "))
	case pipeline.ExitStopped:
		return "stopped by quota, deadline or outage; run again to go on (exit 5)"
	case pipeline.ExitSuperseded:
		return "another run got there first (exit 6)"
	case pipeline.ExitFailed:
		return "failed (exit 1)"
	case pipeline.ExitConfig:
		return "refused; nothing was published: mend what the error names (exit 2)"
	default:
		return fmt.Sprintf("interrupted; run again to go on (exit %d)", s.ExitCode)
	}
}

// printJSON prints a value as one line of JSON, with <, > and & as they are.
func (p *program) printJSON(v any) error {
	encoder := json.NewEncoder(p.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// plain makes any text safe for a terminal: control characters and marks that
// change the direction of text become spaces.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r
	}, s)
}

// plainLines is plain, line by line: some errors, such as the faults of a
// jobs.yaml, have several. Those after the first are indented, so that no foreign
// text passes for a line of billwalk's.
func plainLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	return strings.Join(lines, "\n  ")
}

// count is "1 day" or "2 days".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// roughly formats a time for people: seconds below an hour, minutes above.
func roughly(d time.Duration) string {
	if d >= time.Hour {
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return d.Round(time.Second).String()
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

func tenths(rate float64) float64 { return math.Round(rate*10) / 10 }
