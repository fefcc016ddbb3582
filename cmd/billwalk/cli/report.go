package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"billwalk/sinks/report"
)

// reportName is the name of the report's file.
const reportName = "report.html"

func (p *program) report() *cobra.Command {
	var dates dateFlags
	var folder string
	cmd := &cobra.Command{
		Use:   "report JOB",
		Short: "Write a report of the published days, one HTML file for people; call nothing and change nothing in the lake",
		Example: "  billwalk report nightly --out reports\n" +
			"  billwalk report nightly --from 2026-10 --out reports\n" +
			"  billwalk report nightly --from 2026-10 --output json",
	}
	cmd.Flags().StringVar(&folder, "out", ".", "the folder of "+reportName+", which is made if there is none; with --output json nothing is written")
	return p.forJob(cmd, &dates, false, func(ctx context.Context, w *wired) error {
		w.run.Lookback = 0
		r, err := p.loadReport(ctx, w)
		if err != nil {
			return cut(ctx, err)
		}
		if p.output == "json" {
			return r.WriteJSON(p.out)
		}
		path := filepath.Join(folder, reportName)
		if err := writeReport(path, r); err != nil {
			return failed(fmt.Errorf("the report was not written: %w; name another folder by --out", err))
		}
		fmt.Fprintln(p.out, path)
		return nil
	})
}

// loadReport reads the report of the run's days.
func (p *program) loadReport(ctx context.Context, w *wired) (*report.Report, error) {
	return report.Load(ctx, w.lake, report.Options{
		Job: w.run.Job, Accounts: w.run.Accounts, From: w.run.From, To: w.run.To, Buckets: w.run.Buckets,
		LakeURL: w.lakeURL, MadeAt: p.now(), Billwalk: Version(),
	})
}

// writeReport replaces the page at the path by a whole one, or leaves it as it is.
func writeReport(path string, r *report.Report) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*.html")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing, once it is renamed
	defer file.Close()
	if err := file.Chmod(0o644); err != nil { // others than who runs billwalk read it
		return err
	}
	if err := report.WritePage(file, r); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
