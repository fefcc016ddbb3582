package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"billwalk/pipeline"
	"billwalk/schema"
	"billwalk/sinks/lake"
	"billwalk/sinks/report"
)

const (
	// maxReportBills is how many bills the report after a run may have: the workbook takes some
	// 2 KB of local disk for each.
	maxReportBills = 2_000_000
	// reportTime is the longest that the report after a run takes.
	reportTime = 15 * time.Minute
)

// reportRun writes the report of what the run published into the lake, and notes its place in
// the summary. A report that is not written is a warning. A replay, which may be of years, has
// none.
func (p *program) reportRun(ctx context.Context, w *wired, s *pipeline.Summary) {
	if !w.report || w.run.Walk.Source == nil || len(s.Partitions) == 0 || ctx.Err() != nil {
		return
	}
	place, err := p.writeRunReport(ctx, w, s)
	switch {
	case err != nil: // the run itself was done, even if a signal has ended the report
		warning := p.hidden.Text(fmt.Sprintf("no report was written: %v; `billwalk report %s --from %s --to %s --out DIR` writes it", err, s.Job, s.From, s.To))
		p.log.Warn(warning)
		s.Warnings = append(s.Warnings, warning)
	default:
		p.log.Info("report written", "report", place)
		s.Report = place
	}
}

var (
	errReportTime     = fmt.Errorf("it took more than %s", reportTime)
	errReportDeadline = errors.New("--deadline has passed")
)

// writeRunReport returns the place of the report's page.
func (p *program) writeRunReport(ctx context.Context, w *wired, s *pipeline.Summary) (place string, err error) {
	run, err := reportedRun(w.run, s)
	if err != nil {
		return "", err
	}
	limit, why := reportTime, errReportTime
	if w.run.Deadline > 0 {
		if left := s.StartedAt.Add(w.run.Deadline).Sub(p.now()); left < limit {
			limit, why = left, errReportDeadline
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, why)
	defer cancel()
	of := *w
	of.run = run
	key, err := p.putReport(ctx, &of)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return placeOf(w, key), err
}

// reportedRun returns the run with the days that are reported: with the lookback, unless they
// have too many bills together.
func reportedRun(run *pipeline.Run, s *pipeline.Summary) (*pipeline.Run, error) {
	var all, own int64
	for _, o := range s.Partitions {
		if o.Table == schema.Bills.Name {
			all += o.Rows
			if o.Day >= run.From {
				own += o.Rows
			}
		}
	}
	reported := *run
	reported.Lookback = 0
	switch {
	case own > maxReportBills:
		return nil, fmt.Errorf("the days have %d bills, more than %d", own, maxReportBills)
	case all <= maxReportBills:
		reported.From = run.Days()[0]
	}
	return &reported, nil
}

// putReport loads the report of the run's days and stores it in the lake.
func (p *program) putReport(ctx context.Context, w *wired) (key string, err error) {
	r, err := p.loadReport(ctx, w)
	if err != nil {
		return "", err
	}
	page, err := localFile(func(out io.Writer) error { return report.WritePage(out, r) })
	if err != nil {
		return "", err
	}
	defer page.Close()
	workbook, err := localFile(func(out io.Writer) error { return writeWorkbook(ctx, w, r, out) })
	if err != nil {
		return "", err
	}
	defer workbook.Close()
	return w.lake.PutReport(ctx, lake.ReportFiles{Job: w.run.Job, From: w.run.From, To: w.run.To, Page: page, Workbook: workbook})
}

// localFile writes a file without a name.
func localFile(write func(io.Writer) error) (*os.File, error) {
	file, err := os.CreateTemp("", "billwalk-report-*")
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(os.Remove(file.Name()), write(file)); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// placeOf returns where an object of the lake is, as other programs find it: its path in a
// folder, or its URL.
func placeOf(w *wired, key string) string {
	if folder, ok := strings.CutPrefix(w.lakeURL, "file:"); ok {
		return filepath.Join(folder, filepath.FromSlash(key))
	}
	return strings.TrimSuffix(w.lakeURL, "/") + "/" + key
}
