package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// comparison is a part and who takes part.
type comparison struct {
	title      string
	contenders []*contender
}

// run has the contenders take turns, and prints the result.
func (c comparison) run(ctx context.Context, b *bench) error {
	if err := takeTurns(ctx, b.Log, b.Rounds, c.contenders); err != nil {
		return err
	}
	return printTable(b.Out, c)
}

// printTable prints the medians. The first contender is billwalk: the two ratios divide its
// rows per second, by the clock and of CPU, by those of the contender.
func printTable(out io.Writer, compared comparison) error {
	title, contenders := compared.title, compared.contenders
	fmt.Fprintf(out, "%s; medians of %d rounds\n", title, len(contenders[0].turns))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "rows\trows/s\twall s\tCPU s\tCPU µs/row\tpeak MiB\tMB written\tratio\tCPU ratio\t")
	ours := contenders[0].median()
	for _, c := range contenders {
		m := c.median()
		rows := float64(m.rows)
		fmt.Fprintf(table, "%d\t%.0f\t%.2f\t%.2f\t%.2f\t%d\t%.1f\t%.2f\t%.2f\t  %s\n",
			m.rows, rows/m.wall.Seconds(), m.wall.Seconds(), m.cpu.Seconds(), m.cpu.Seconds()/rows*1e6, m.peak>>20, float64(m.bytes)/1e6,
			m.wall.Seconds()/ours.wall.Seconds(), m.cpu.Seconds()/ours.cpu.Seconds(), c.name)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, c := range contenders {
		if m := c.median(); m.platform != 0 {
			fmt.Fprintf(out, "  beside %s the platform took %.2f s of CPU, which is not in the table\n", c.name, m.platform.Seconds())
		}
	}
	fmt.Fprintln(out)
	return nil
}

// printCurve prints how the medians grow with the rows: a table for each kind of comparison,
// and in it the contenders one after the other.
func printCurve(out io.Writer, done []comparison) error {
	for len(done) > 0 {
		title := done[0].title
		same := slices.DeleteFunc(slices.Clone(done), func(c comparison) bool { return c.title != title })
		done = slices.DeleteFunc(done, func(c comparison) bool { return c.title == title })
		fmt.Fprintf(out, "%s: the curve\n", title)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "rows\trows/s\tCPU s/million\tpeak MiB\tMB/million\t")
		for i, c := range same[0].contenders {
			for _, s := range same {
				m := s.contenders[i].median()
				million := float64(m.rows) / 1e6
				fmt.Fprintf(table, "%d\t%.0f\t%.1f\t%d\t%.1f\t  %s\n", m.rows, float64(m.rows)/m.wall.Seconds(), m.cpu.Seconds()/million, m.peak>>20, float64(m.bytes)/1e6/million, c.name)
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	return nil
}
