package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"billwalk/schema"
)

// maxLines is how many lines of days fit on a screen.
const maxLines = 40

// print prints the days, the newest last, so that they stand next to the prompt; then
// the last run, and what to do.
func (s *status) print(out io.Writer, all bool) error {
	fmt.Fprintf(out, "%s in %s: %s…%s, %s\n\n", s.Job, s.Lake, s.From, s.To, count(s.Accounts, "account"))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "day\tstate\tunits\tbills\tgeneration\tpublished\trun\t  needs attention")
	for _, days := range s.lines(all) {
		s.printDays(table, days)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	s.printOpen(out)
	s.printWithdrawals(out)
	s.printAtWork(out)
	if s.Notes != nil {
		s.Notes.print(out)
	}
	s.printLastRun(out)
	if s.Next == "" {
		fmt.Fprintln(out, "next       nothing to do: the next run looks again at what is open")
	} else {
		fmt.Fprintf(out, "next       %s\n", s.Next)
	}
	return nil
}

// lines groups the days by line: days without anything published in a row share
// one, and where there are too many lines, days in a row that are complete, too.
func (s *status) lines(all bool) [][]dayStatus {
	lines := group(s.Days, func(d dayStatus) bool { return !all && d.State == dayNotPublished })
	if len(lines) > maxLines && !all {
		lines = group(s.Days, func(d dayStatus) bool { return d.State == dayNotPublished || d.State == dayComplete })
	}
	return lines
}

// group puts days in a row that have the same state together, where they may be.
func group(days []dayStatus, may func(dayStatus) bool) (groups [][]dayStatus) {
	for i, d := range days {
		if i > 0 && may(d) && days[i-1].State == d.State {
			groups[len(groups)-1] = append(groups[len(groups)-1], d)
		} else {
			groups = append(groups, []dayStatus{d})
		}
	}
	return groups
}

// printDays prints one line for days of one state.
func (s *status) printDays(table io.Writer, days []dayStatus) {
	first, last := days[0], days[len(days)-1]
	state := strings.ReplaceAll(string(first.State), "_", " ")
	name := first.Day.String()
	if len(days) > 1 {
		name += "…" + last.Day.String()
	}
	switch first.State {
	case dayNotPublished:
		fmt.Fprintf(table, "%s\t%s\t\t\t\t\t\t  %s\n", name, state, strings.Join(severalDays(days), ""))
		return
	case dayDamaged:
		fmt.Fprintf(table, "%s\t%s\t\t\t\t\t\t  billwalk verify %s --from %s\n", name, state, s.Job, name)
		return
	}
	sum := dayStatus{Units: first.Units, Open: make(map[schema.Verdict]int64)}
	for _, d := range days {
		sum.Bills += d.Bills
		for v, n := range d.Open {
			sum.Open[v] += n
		}
	}
	fmt.Fprintf(table, "%s\t%s\t%d/%d\t%d\t", name, state, first.Units.Complete, s.Accounts, sum.Bills)
	if len(days) > 1 {
		fmt.Fprint(table, "\t\t\t")
	} else {
		fmt.Fprintf(table, "%d\t%s\t%s\t", first.Generation, minute(first.PublishedAt), plain(first.RunID))
	}
	fmt.Fprintf(table, "  %s\n", strings.Join(slices.Concat(severalDays(days), sum.Units.notes(), openNotes(sum.Open)), ", "))
}

func severalDays(days []dayStatus) []string {
	if len(days) == 1 {
		return nil
	}
	return []string{count(len(days), "day")}
}

// notes count the units that are not complete, by their state.
func (u unitStates) notes() (notes []string) {
	for _, n := range []struct {
		units int
		what  string
	}{{u.Unavailable, "unavailable"}, {u.Stale, "stale"}, {u.Failed, "failed"}, {u.Missing, "missing"}} {
		if n.units > 0 {
			notes = append(notes, fmt.Sprintf("%s %s", count(n.units, "unit"), n.what))
		}
	}
	return notes
}

func openNotes(open map[schema.Verdict]int64) (notes []string) {
	for _, v := range schema.Verdicts {
		if n := open[v]; n > 0 {
			notes = append(notes, fmt.Sprintf("%d %s", n, v))
		}
	}
	return notes
}

func (s *status) printLastRun(out io.Writer) {
	if s.Unfinished != "" && !slices.ContainsFunc(s.AtWork, func(r runAtWork) bool { return r.RunID == s.Unfinished }) {
		fmt.Fprintf(out, "run        %s has published and left no summary: it is running, or was killed\n", plain(s.Unfinished))
	}
	r := s.LastRun
	if r == nil {
		fmt.Fprintf(out, "last run   none of %s has left a summary\n", s.Job)
		return
	}
	id := plain(r.RunID)
	if r.Shard != "" {
		id += ", shard " + plain(r.Shard) + ","
	}
	fmt.Fprintf(out, "last run   %s at %s, %s…%s, took %s: %s\n", id, minute(r.StartedAt), r.From, r.To,
		roughly(time.Duration(r.ElapsedSeconds*float64(time.Second))), r.verdict)
	fmt.Fprintf(out, "           units %d complete, %d unavailable, %d failed\n", r.Units.Complete, r.Units.Unavailable, r.Units.Failed)
	printFailures(out, "failed", r.Failures, s.names)
}

// minute formats a time for people, in China.
func minute(t time.Time) string { return t.In(schema.China).Format("2006-01-02 15:04") }
