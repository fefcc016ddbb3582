package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/schema"
)

// dateFlags are the flags of verbs that take days.
type dateFlags struct {
	from, to  string
	allowOpen bool
}

func (d *dateFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.from, "from", "", "first day: YYYY-MM-DD, yesterday, -7d, or a month YYYY-MM")
	cmd.Flags().StringVar(&d.to, "to", "", "last day, included; left out, --from alone is meant")
	cmd.Flags().BoolVar(&d.allowOpen, "allow-open-day", false, "allow today, whose bills still change")
}

func (p *program) run() *cobra.Command {
	var dates dateFlags
	var deadline time.Duration
	var allowShrink bool
	cmd := &cobra.Command{
		Use:   "run JOB",
		Short: "Walk, build and publish the job's days and its lookback; with --from, exactly those days",
		Example: "  billwalk run nightly\n" +
			"  billwalk run nightly --from 2026-10-01 --to 2026-10-31",
		Args: cobra.ExactArgs(1),
	}
	dates.add(cmd)
	cmd.Flags().DurationVar(&deadline, "deadline", 0, "stop walking after this time, publish what is whole and exit 5")
	cmd.Flags().BoolVar(&allowShrink, "allow-shrink", false, "publish days that lost more than a tenth of their bills")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, stop, err := p.load(cmd, args[0])
		if err != nil {
			return err
		}
		defer stop()
		w, err := p.wire(cmd.Context(), file, args[0], true)
		if err != nil {
			return err
		}
		defer w.close()
		w.run.Deadline, w.run.AllowShrink = deadline, allowShrink
		if err := w.days(dates.from, dates.to, schema.DayOf(p.now()), dates.allowOpen); err != nil {
			return err
		}
		return p.execute(cmd.Context(), w)
	}
	return cmd
}

func (p *program) replay() *cobra.Command {
	var dates dateFlags
	cmd := &cobra.Command{
		Use:     "replay JOB --from DAY [--to DAY]",
		Short:   "Build the tables again from the archive; no API call is made",
		Example: "  billwalk replay nightly --from 2026-10",
		Args:    cobra.ExactArgs(1),
	}
	dates.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, stop, err := p.load(cmd, args[0])
		if err != nil {
			return err
		}
		stop() // the platform is not asked
		w, err := p.wire(cmd.Context(), file, args[0], false)
		if err != nil {
			return err
		}
		w.run.Lookback = 0
		if err := w.days(dates.from, dates.to, schema.DayOf(p.now()), dates.allowOpen); err != nil {
			return err
		}
		return p.execute(cmd.Context(), w)
	}
	return cmd
}

// execute runs, shows progress, stores the summary and prints it.
func (p *program) execute(ctx context.Context, w *wired) error {
	summary, err := p.do(ctx, w)
	if p.output == "json" {
		encoder := json.NewEncoder(p.out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(summary); err != nil {
			return failed(err)
		}
	} else {
		printSummary(p.out, summary)
	}
	if summary.ExitCode == pipeline.ExitDone {
		return nil
	}
	return &exitError{summary.ExitCode, err}
}

func (p *program) do(ctx context.Context, w *wired) (*pipeline.Summary, error) {
	p.log.Info("run begins", "job", w.run.Job, "run_id", w.run.ID, "days", describeDays(w.run), "accounts", len(w.run.Accounts), "lake", w.lakeURL)
	done := p.showProgress(w)
	summary, err := w.run.Do(ctx)
	done()
	data, encodeErr := json.MarshalIndent(summary, "", "  ")
	if encodeErr != nil {
		return summary, encodeErr
	}
	// An interrupted run leaves its summary, too.
	if recordErr := w.lake.Record(context.WithoutCancel(ctx), w.run.ID, data); recordErr != nil {
		p.log.Error("the run's summary could not be stored", "error", recordErr)
	}
	return summary, err
}

func describeDays(r *pipeline.Run) string {
	days := fmt.Sprintf("%s…%s Asia/Shanghai, %d days", r.From, r.To, r.To-r.From+1)
	if r.Lookback > 0 {
		days += fmt.Sprintf(", and %d before that", r.Lookback)
	}
	return days
}
