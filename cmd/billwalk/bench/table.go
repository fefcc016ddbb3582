package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// printTable prints the medians. The first contender is billwalk: the two ratios divide its
// rows per second, by the clock and of CPU, by those of the contender.
func printTable(out io.Writer, title string, contenders []*contender) error {
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
