package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

func (p *program) demo() *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		Short:   "Run the main job against a simulated platform, into the folder lake, and show what it found",
		Example: "  billwalk demo",
		Args:    nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			platform, err := startSandbox(cmd.Context(), p.demoWorld())
			if err != nil {
				return failed(err)
			}
			defer platform.stop()
			w, err := p.openDays(cmd.Context(), jobs.Demo(platform.url, platform.Accounts()), jobs.DemoName, new(dateFlags), true)
			if err != nil {
				return err
			}
			defer w.close()
			w.run.Lookback = 0 // three days, and no more
			return p.runDemo(cmd.Context(), w)
		},
	}
}

// runDemo runs the job and prints what it found. What the demo's platform withholds is
// printed, too, and does not make the demo fail.
func (p *program) runDemo(ctx context.Context, w *wired) error {
	if p.output == "json" {
		return p.execute(ctx, w)
	}
	summary, err := p.begin(ctx, w)
	if summary == nil {
		return err
	}
	if summary.ExitCode != pipeline.ExitDone && summary.ExitCode != pipeline.ExitIncomplete {
		return &exitError{summary.ExitCode, err}
	}
	if err := p.printTotals(ctx, w); err != nil {
		return failed(err)
	}
	found, err := readVerdicts(ctx, w)
	if err != nil {
		return failed(err)
	}
	fmt.Fprintln(p.out)
	if err := found.print(p.out); err != nil {
		return failed(err)
	}
	fmt.Fprintln(p.out)
	printSummary(p.out, summary)
	if summary.ExitCode == pipeline.ExitIncomplete {
		fmt.Fprintln(p.out, "  The demo's platform withholds these on purpose, and the demo ends well; a nightly run would exit with 3.")
	}
	fmt.Fprintln(p.out, "\nFiles, for DuckDB and anything else that reads Parquet:")
	for _, o := range summary.Partitions {
		fmt.Fprintf(p.out, "  lake/%s  %d rows, %d bytes\n", o.Key, o.Rows, o.Bytes)
	}
	fmt.Fprintf(p.out, "  lake/runs/%s.json  this run's summary\n  lake/archive/  every answer as received; `billwalk replay demo --from -3d --to -1d` builds the tables again from it\n", summary.RunID)
	fmt.Fprint(p.out, DemoQueries)
	return nil
}

// printTotals prints the published days, per account, in yuan.
func (p *program) printTotals(ctx context.Context, w *wired) error {
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "day\taccount\tbills\tpaid 实付\tto settle 应结算\tmerchant gets 商家实际结算\tstate\t name")
	for _, day := range w.run.Days() {
		for bucket := range w.run.Buckets {
			base, err := w.lake.Base(ctx, day, bucket)
			if err != nil {
				return err
			}
			if base.Manifest == nil {
				continue
			}
			for _, e := range base.Manifest.Units {
				fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t %s\n", day, e.Account.ID, e.Totals.Rows,
					yuan(e, schema.Pay), yuan(e, schema.LedgerTotal), yuan(e, schema.Goods), e.State, plain(e.Account.Name))
			}
		}
	}
	return table.Flush()
}

func yuan(e schema.Entry, a schema.Amount) string { return e.Totals.Fen[a.Column()].Fen.Yuan() }

// DemoQueries are what the demo ends with: three queries over its lake, one a line.
const DemoQueries = `
Three queries to try (DuckDB: https://duckdb.org):

# what each account gets per day, in yuan
duckdb -c "SELECT bill_date, account_id, count(*) AS bills, sum(goods_fen)::DECIMAL(18,0) * 0.01 AS goods_yuan FROM 'lake/bills/*/*.parquet' GROUP BY ALL ORDER BY ALL LIMIT 20"

# what does not agree: orders by verdict, and what they differ by
duckdb -c "SELECT bill_date, verdict, count(*) AS groups, sum(diff_total_fen)::DECIMAL(18,0) * 0.01 AS diff_yuan FROM 'lake/reconciliation/*/*.parquet' WHERE verdict <> 'matched' GROUP BY ALL ORDER BY ALL"

# what a person should look at
duckdb -c "SELECT bill_date, rule, severity, count(*) AS n, any_value(detail) AS for_example FROM 'lake/exceptions/*/*.parquet' GROUP BY ALL ORDER BY ALL"
`
