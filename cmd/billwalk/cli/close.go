package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"billwalk/schema"
)

// closeDay is the verb close.
func (p *program) closeDay() *cobra.Command {
	var day, by string
	cmd := &cobra.Command{
		Use:   "close JOB",
		Short: "Note that a day is closed (结账): what changes afterwards is shown as changed after closing",
		Example: "  billwalk close nightly --day 2026-11-20 --by 李会计\n" +
			"  billwalk close nightly --day yesterday --by 李会计",
	}
	cmd.Flags().StringVar(&day, "day", "", "the day: YYYY-MM-DD, yesterday, or -7d")
	cmd.Flags().StringVar(&by, "by", "", "who closes it")
	cmd.Args, cmd.ValidArgsFunction = oneJob, p.jobNames
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		by = strings.TrimSpace(by)
		if day == "" || by == "" {
			return usage("want the day and who closes it: `billwalk close JOB --day YYYY-MM-DD --by NAME`")
		}
		w, err := p.open(cmd, args[0], &dateFlags{from: day, to: day}, false)
		if err != nil {
			return err
		}
		defer w.close()
		return p.appendClosing(cmd.Context(), w, by)
	}
	return cmd
}

func (p *program) appendClosing(ctx context.Context, w *wired, by string) error {
	row := schema.Closing{Day: w.run.To, Job: w.run.Job, By: by, At: p.now().UTC().Truncate(time.Microsecond)}
	for _, bucket := range schema.BucketsOf(w.run.Accounts, w.run.Buckets) {
		m, err := w.lake.Manifest(ctx, row.Day, bucket)
		if err != nil {
			return cut(ctx, err)
		}
		if m != nil {
			row.Generation = max(row.Generation, m.Generation)
		}
	}
	if row.Generation == 0 {
		return usage("nothing of %s is published: run it before you close it", row.Day)
	}
	if err := w.lake.AppendClosing(ctx, row); err != nil {
		return cut(ctx, err)
	}
	fmt.Fprintf(p.out, "closed %s of %s at generation %d, by %s%s\n", row.Day, row.Job, row.Generation, plain(by), p.closedDespite(ctx, w))
	return nil
}

// closedDespite says what the report has against closing the day (不可日清), or nothing. To close it
// all the same is a person's decision.
func (p *program) closedDespite(ctx context.Context, w *wired) string {
	r, err := p.loadReport(ctx, w)
	if err != nil {
		p.log.Warn("the day is closed, and whether it was ready for that could not be found out", "error", err)
		return ""
	}
	if r.Close.Ready {
		return ""
	}
	var english, chinese []string
	for _, b := range r.Close.Blockers {
		label := r.BlockerLabel(b.Code)
		english, chinese = append(english, fmt.Sprintf("%s: %d", label.English, b.Count)), append(chinese, fmt.Sprintf("%s %d", label.Chinese, b.Count))
	}
	return fmt.Sprintf("; it was not ready to be closed (%s) · 已结账，但该日不可日清（%s）", strings.Join(english, ", "), strings.Join(chinese, "，"))
}
