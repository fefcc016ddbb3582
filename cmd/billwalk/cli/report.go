package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"billwalk/sinks/report"
)

func (p *program) report() *cobra.Command {
	var dates dateFlags
	var folder string
	cmd := &cobra.Command{
		Use:     "report JOB",
		Short:   "Write a report of the published days for people; call and change nothing",
		Example: "  billwalk report nightly --from 2026-10 --out reports",
		Hidden:  true,
	}
	cmd.Flags().StringVar(&folder, "out", ".", "the folder that the report is written to")
	return p.forJob(cmd, &dates, false, func(ctx context.Context, w *wired) error {
		w.run.Lookback = 0
		r, err := p.loadReport(ctx, w)
		if err != nil {
			return cut(ctx, err)
		}
		if p.output == "json" {
			return r.WriteJSON(p.out)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return failed(err)
		}
		path := filepath.Join(folder, "report.html")
		if err := writePage(path, r); err != nil {
			return failed(err)
		}
		fmt.Fprintln(p.out, path)
		return nil
	})
}

func writePage(path string, r *report.Report) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := report.WritePage(file, r); err != nil {
		return err
	}
	return file.Close()
}

// loadReport reads the report of the run's days.
func (p *program) loadReport(ctx context.Context, w *wired) (*report.Report, error) {
	days := w.run.Days()
	return report.Load(ctx, w.lake, report.Options{
		Job: w.run.Job, Accounts: w.run.Accounts, From: days[0], To: w.run.To, Buckets: w.run.Buckets,
		LakeURL: w.lakeURL, MadeAt: p.now(), Billwalk: Version(),
	})
}
