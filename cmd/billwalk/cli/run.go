package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline"
	"billwalk/pipeline/douyin"
	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// dateFlags are the flags of verbs that take days.
type dateFlags struct {
	from, to  string
	allowOpen bool
}

func (d *dateFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.from, "from", "", "first day: YYYY-MM-DD, yesterday, -7d, or a month YYYY-MM, of which one under way means its days up to yesterday")
	cmd.Flags().StringVar(&d.to, "to", "", "last day, included; left out, --from alone is meant")
	cmd.Flags().BoolVar(&d.allowOpen, "allow-open-day", false, "allow today, whose bills still change")
}

// span is the days of a run: from and to, both included, and the lookback: how many
// days before from are looked at again.
type span struct {
	from, to schema.Day
	lookback int
	backfill bool // the flags give the days
}

// of returns the days of the flags, a backfill without lookback, or else the
// job's own.
func (d *dateFlags) of(job jobs.Job, today schema.Day) (days span, err error) {
	if d.from == "" && d.to == "" {
		days.lookback = job.Lookback
		days.from, days.to, err = job.Dates.Range(today, d.allowOpen)
	} else {
		days.from, days.to, err = jobs.Range(d.from, d.to, today, d.allowOpen)
		days.backfill = true
		if err != nil {
			err = coded{schema.CodeUsage, err} // and not of the job
		}
	}
	return days, err
}

func (p *program) run() *cobra.Command {
	var dates dateFlags
	var deadline time.Duration
	var allowShrink bool
	var patience, quotaPatience time.Duration
	cmd := &cobra.Command{
		Use:   "run JOB",
		Short: "Walk, settle, build and publish the job's days and its lookback; with --from, exactly those days",
		Example: "  billwalk run nightly\n" +
			"  billwalk run nightly --from 2026-10-01 --to 2026-10-31\n" +
			"  billwalk run nightly --deadline 5h --fail-on differences --output json",
	}
	cmd.Flags().DurationVar(&deadline, "deadline", 0, "stop asking the platform after this time, such as 5h, publish what is whole and exit 5; 0 is none")
	cmd.Flags().StringVar(&p.tokenCache, "token-cache", "", "share the apps' tokens, sealed, with other processes: bucket keeps them in the lake's bucket, anything else is a FILE; each new token ends the older ones")
	cmd.Flags().DurationVar(&patience, "patience", 2*time.Minute, "wait so long for a platform that has stopped answering, then publish what is whole and exit 5")
	cmd.Flags().DurationVar(&quotaPatience, "quota-patience", 0, "wait so long for a quota that is used up, such as 5h, and try it four times an hour, then publish what is whole and exit 5; 0 is not at all")
	cmd.Flags().BoolVar(&allowShrink, "allow-shrink", false, "publish days that lost more than a tenth of their bills")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if deadline < 0 {
			return usage("--deadline %s: want a time such as 5h, or 0 for none", deadline)
		}
		if patience < 0 {
			return usage("--patience %s: want a time such as 30m, or 0 to wait for nothing", patience)
		}
		if quotaPatience < 0 {
			return usage("--quota-patience %s: want a time such as 5h, or 0 to wait for nothing", quotaPatience)
		}
		p.world.client = append(p.world.client, douyin.WithQuotaPatience(quotaPatience))
		if cmd.Flags().Changed("patience") {
			p.world.client = append(p.world.client, douyin.WithPatience(patience))
		}
		return nil
	}
	p.failOn.add(cmd)
	p.addShard(cmd)
	return p.forJob(cmd, &dates, true, func(ctx context.Context, w *wired) error {
		w.run.Deadline, w.run.Walk.AllowShrink = deadline, allowShrink
		return p.execute(ctx, w, cmd.Name())
	})
}

func (p *program) replay() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "replay JOB",
		Short:   "Build the tables again from the archive; no API call is made",
		Example: "  billwalk replay nightly --from 2026-10\n  billwalk replay nightly --from 2026-10-01 --to 2026-10-31 --fail-on differences",
	}
	p.failOn.add(cmd)
	p.addShard(cmd)
	return p.forJob(cmd, new(dateFlags), false, func(ctx context.Context, w *wired) error {
		w.run.Lookback = 0 // no days but those of the flags
		return p.execute(ctx, w, cmd.Name())
	})
}

// execute runs a verb's run, shows progress, stores the summary and prints it.
func (p *program) execute(ctx context.Context, w *wired, verb string) error {
	summary, err := p.begin(ctx, w, verb)
	if summary == nil {
		return err
	}
	if p.output == "json" {
		if err := p.printJSON(summary); err != nil {
			return failed(err)
		}
	} else if err := p.printRun(ctx, w, summary); err != nil {
		return failed(err)
	}
	if summary.ExitCode == pipeline.ExitDone {
		return nil
	}
	return &exitError{summary.ExitCode, err}
}

// printRun prints what is published of the run's days, unless the run was cut, and the
// summary.
func (p *program) printRun(ctx context.Context, w *wired, s *pipeline.Summary) error {
	switch s.ExitCode {
	case pipeline.ExitDone, pipeline.ExitIncomplete, pipeline.ExitDifferences, pipeline.ExitStopped, pipeline.ExitSuperseded:
		if err := p.printFound(ctx, w.lake, w.run, maxDifferences); err != nil {
			return err
		}
	}
	names := namesOf(w.run.Accounts)
	if s.Withdrawals != nil && s.Stores != nil && len(s.Withdrawals.ToDo)+len(s.Withdrawals.Failures) > 0 {
		if err := names.addStores(ctx, w.lake, w.run.To, schema.BucketsOf(w.run.Accounts, w.run.Buckets)); err != nil {
			return err
		}
	}
	printSummary(p.out, s, names)
	return nil
}

// begin checks what a run needs, and runs. Without a summary the run did not begin.
func (p *program) begin(ctx context.Context, w *wired, verb string) (*pipeline.Summary, error) {
	ctx, told := p.tell(ctx, w.run, verb)
	summary, night, err := p.conduct(ctx, w)
	told(summary, night, w.stats().ThrottledTime, err)
	return summary, err
}

// conduct is begin. The summary of the night is that of all shards, for the last of them alone, else the run's own.
func (p *program) conduct(ctx context.Context, w *wired) (summary, night *pipeline.Summary, err error) {
	err = p.preflight(ctx, w)
	if err == nil {
		err = p.probe(ctx, w)
	}
	if err != nil {
		w.notifier(p).refused(ctx, reasonOf(err))
		return nil, nil, err
	}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if w.run.Walk.Source != nil && w.clock != nil {
		w.run.Walk.Source = timedSource{w.run.Walk.Source, w.clock, stop}
	}
	summary, err = p.do(running, w)
	if refusal, ok := errors.AsType[*exitError](context.Cause(running)); ok {
		err = refusal.err
	}
	if summary != nil {
		var whole *wired
		if whole, night = p.endNight(ctx, w, summary); night != nil {
			p.noting(ctx, w, summary, night, func() { p.reportRun(ctx, whole, night) })
			p.noting(ctx, w, summary, night, func() { whole.notifier(p).notify(ctx, night, err) })
		}
		p.nightDone(ctx, w, summary)
	}
	return summary, night, err
}

// noting tells of a night, and stores the run's summary again with what came of it.
func (p *program) noting(ctx context.Context, w *wired, own, night *pipeline.Summary, tell func()) {
	report, warned := night.Report, len(night.Warnings)
	tell()
	if night.Report == report && len(night.Warnings) == warned {
		return
	}
	if night != own {
		own.Report, own.Warnings = night.Report, append(own.Warnings, night.Warnings[warned:]...)
	}
	if err := p.record(ctx, w, own); err != nil {
		p.log.Error("the run's summary could not be stored", "error", err)
	}
}

func (p *program) do(ctx context.Context, w *wired) (*pipeline.Summary, error) {
	p.log.Info("run begins", "job", w.run.Job, "run_id", w.run.ID, "days", describeDays(w.run), "accounts", len(w.run.Accounts), "lake", w.lakeURL)
	logged := p.logStop(ctx)
	done := p.showProgress(w.meter(p.now))
	w.run.Asked = partOfProcessors(w.run)
	summary, err := w.run.Do(ctx)
	w.run.Asked()
	done()
	logged()
	if summary != nil {
		if err := p.failOn.judge(ctx, w.lake, summary); err != nil {
			p.log.Error("--fail-on", "error", err)
		}
		veil(summary.Failures, &p.hidden)
		veil(summary.Unavailable, &p.hidden)
		w.notifier(p).addAlarms(ctx, summary)
	}
	if encodeErr := p.record(ctx, w, summary); encodeErr != nil {
		return summary, encodeErr
	}
	return summary, err
}

// record stores the summary. An interrupted run leaves its summary, too.
func (p *program) record(ctx context.Context, w *wired, s *pipeline.Summary) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := w.lake.Record(context.WithoutCancel(ctx), w.run.ID, data); err != nil {
		p.log.Error("the run's summary could not be stored", "error", err)
	}
	return nil
}

// notifier returns what reports the run.
func (w *wired) notifier(p *program) *notifier {
	return &notifier{hooks: w.notify, run: w.run, lake: w.lake, hidden: &p.hidden}
}

// logStop logs that a signal stops the run, until the returned function is called.
func (p *program) logStop(ctx context.Context) func() {
	logged := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(logged)
		if _, refused := errors.AsType[*exitError](context.Cause(ctx)); refused {
			return // the run ended itself, and its error says why
		}
		p.log.Warn("stopping: what is in flight is made durable, and another run goes on from there; a second signal kills", "cause", context.Cause(ctx).Error())
	})
	return func() {
		if !stop() {
			<-logged
		}
	}
}

func describeDays(r *pipeline.Run) string {
	days := fmt.Sprintf("%s…%s Asia/Shanghai, %s", r.From, r.To, count(int(r.To-r.From)+1, "day"))
	if r.Lookback > 0 {
		days += fmt.Sprintf(", and %d before that", r.Lookback)
	}
	return days
}
