package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"billwalk/pipeline/douyin"
	"billwalk/schema"
	"billwalk/sinks/report"
)

// The names of the report's files.
const (
	reportName   = "report.html"
	workbookName = "report.xlsx"
)

func (p *program) report() *cobra.Command {
	var dates dateFlags
	var folder, replyBy string
	cmd := &cobra.Command{
		Use:   "report JOB",
		Short: "Write a report of the published days for people, as an HTML page and as a workbook (XLSX); call nothing and change nothing in the lake",
		Example: "  billwalk report nightly --out reports\n" +
			"  billwalk report nightly --from 2026-10 --out reports\n" +
			"  billwalk report nightly --reply-by 2026-12-05 --out reports\n" +
			"  billwalk report nightly --from 2026-10 --output json",
	}
	cmd.Flags().StringVar(&folder, "out", ".", "the folder of "+reportName+" and "+workbookName+", which is made if there is none; with --output json nothing is written")
	cmd.Flags().StringVar(&replyBy, "reply-by", "", "the day YYYY-MM-DD by which the letters ask merchants to reply; without it, three days after today")
	return p.forJob(cmd, &dates, false, func(ctx context.Context, w *wired) error {
		w.run.Lookback = 0
		r, err := p.loadReport(ctx, w)
		if err != nil {
			return cut(ctx, err)
		}
		if replyBy != "" {
			if r.ReplyBy, err = schema.ParseDay(replyBy); err != nil {
				return usage("--reply-by: %v", err)
			}
		}
		if p.output == "json" {
			return r.WriteJSON(p.out)
		}
		if err := writeReport(ctx, w, r, folder); err != nil {
			return cut(ctx, fmt.Errorf("the report was not written: %w; name another folder by --out", err))
		}
		for _, name := range []string{reportName, workbookName} {
			fmt.Fprintln(p.out, filepath.Join(folder, name))
		}
		return nil
	})
}

// writeReport writes the page and the workbook into the folder.
func writeReport(ctx context.Context, w *wired, r *report.Report, folder string) error {
	err := writeWhole(filepath.Join(folder, reportName), func(out io.Writer) error { return report.WritePage(out, r) })
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(folder, workbookName), func(out io.Writer) error { return writeWorkbook(ctx, w, r, out) })
}

// writeWorkbook writes the workbook, whose lists are read from the lake on the way.
func writeWorkbook(ctx context.Context, w *wired, r *report.Report, out io.Writer) error {
	return report.WriteWorkbook(ctx, out, r, statementBills(w.lake, w.run), report.ReadLists(ctx, w.lake, reportOptions(w)))
}

// loadReport reads the report of the run's days.
func (p *program) loadReport(ctx context.Context, w *wired) (*report.Report, error) {
	o := reportOptions(w)
	o.MadeAt = p.now()
	return report.Load(ctx, w.lake, o)
}

// reportOptions say which rows are reported.
func reportOptions(w *wired) report.Options {
	return report.Options{
		Job: w.run.Job, Accounts: w.run.Accounts, From: w.run.From, To: w.run.To, Buckets: w.run.Buckets,
		LakeURL: w.lakeURL, Billwalk: Version(), Lookback: w.run.Rules.Lookback, Withdrawals: w.run.Withdrawals != nil, CodeMeaning: douyin.Meaning,
	}
}

// writeWhole replaces the file at the path by a whole one, or leaves it as it is.
func writeWhole(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing, once it is renamed
	defer file.Close()
	if err := file.Chmod(0o644); err != nil { // others than who runs billwalk read it
		return err
	}
	buffered := bufio.NewWriter(file)
	if err := errors.Join(write(buffered), buffered.Flush()); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
