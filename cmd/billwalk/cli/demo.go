package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/jobs"
	"billwalk/sinks/lake"
)

func (p *program) demo() *cobra.Command {
	return &cobra.Command{
		Use:     "demo",
		Short:   "Run the main job against a simulated platform, into the folder lake, and show what it found",
		Example: "  billwalk demo\n  billwalk demo --verbose",
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

// runDemo runs the job and prints what it found, on one screen. What the demo's platform
// withholds is printed, too, and does not make the demo fail.
func (p *program) runDemo(ctx context.Context, w *wired) error {
	if p.output == "json" {
		return p.execute(ctx, w, "demo")
	}
	summary, err := p.begin(ctx, w, "demo")
	if summary == nil {
		return err
	}
	if summary.ExitCode != pipeline.ExitDone && summary.ExitCode != pipeline.ExitIncomplete {
		return &exitError{summary.ExitCode, err}
	}
	most := demoDifferences
	if p.verbose {
		most = maxDifferences
	}
	if err := p.printFound(ctx, w.lake, w.run, most); err != nil {
		return failed(err)
	}
	if p.verbose {
		printSummary(p.out, summary, namesOf(w.run.Accounts))
		printFiles(p.out, summary)
	} else {
		printOutcome(p.out, summary)
	}
	if summary.Report != "" {
		fmt.Fprintf(p.out, "The report, for a browser: %s; beside it the workbook report.xlsx\n", placeOf(w, lake.LatestReport(w.run.Job)))
	}
	fmt.Fprint(p.out, DemoQuery)
	if p.verbose {
		fmt.Fprint(p.out, DemoQueries)
	}
	return nil
}

// demoDifferences is how many differences fit the demo's screen.
const demoDifferences = 2

// printOutcome prints in short what became of the run.
func printOutcome(out io.Writer, s *pipeline.Summary) {
	exceptions := int64(0)
	for _, n := range s.Exceptions {
		exceptions += n
	}
	fmt.Fprintf(out, "%s, %s…%s: %s\n", s.Job, s.From, s.To, verdictOf(s))
	fmt.Fprintf(out, "%s failed, %d unavailable, on purpose in the demo; %s (--verbose lists them)\n",
		count(s.Units.Failed, "account day"), s.Units.Unavailable, count(int(exceptions), "exception"))
}

// printFiles prints where the results are.
func printFiles(out io.Writer, s *pipeline.Summary) {
	fmt.Fprintln(out, "\nFiles, for DuckDB and anything else that reads Parquet:")
	for _, o := range s.Partitions {
		fmt.Fprintf(out, "  lake/%s  %d rows, %d bytes\n", o.Key, o.Rows, o.Bytes)
	}
	fmt.Fprintf(out, "  lake/runs/%s.json  this run's summary\n  lake/archive/  every answer as received; `billwalk replay demo --from -3d --to -1d` builds the tables again from it\n", s.RunID)
}

// DemoQuery is the query that the demo ends with, for a shell: by DuckDB's command line, and
// by its Python module.
const DemoQuery = `Q="SELECT verdict, count(*) AS n FROM 'lake/reconciliation/*/*.parquet' GROUP BY ALL"
duckdb -c "$Q"                                             # DuckDB: pip install duckdb-cli
python3 -c "import duckdb; print(duckdb.sql('''$Q'''))"    # or:     pip install duckdb
`

// DemoQueries are three more queries over the demo's lake, one a line.
const DemoQueries = `
# what each account gets per day, in yuan
duckdb -c "SELECT bill_date, account_id, count(*) AS bills, sum(goods_fen)::DECIMAL(18,0) * 0.01 AS goods_yuan FROM 'lake/bills/*/*.parquet' GROUP BY ALL ORDER BY ALL LIMIT 20"

# what does not agree: orders by verdict, and what they differ by
duckdb -c "SELECT bill_date, verdict, count(*) AS groups, sum(diff_total_fen)::DECIMAL(18,0) * 0.01 AS diff_yuan FROM 'lake/reconciliation/*/*.parquet' WHERE verdict <> 'matched' GROUP BY ALL ORDER BY ALL"

# what a person should look at
duckdb -c "SELECT bill_date, rule, severity, count(*) AS n, any_value(detail) AS for_example FROM 'lake/exceptions/*/*.parquet' GROUP BY ALL ORDER BY ALL"
`
