package main

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
)

// planned is what plan prints.
type planned struct {
	Job             string       `json:"job"`
	From            schema.Day   `json:"from"`
	To              schema.Day   `json:"to"`
	LookbackDays    int          `json:"lookback_days"`
	Accounts        int          `json:"accounts"`
	Units           int          `json:"units"`
	UnknownUnits    int          `json:"unknown_units"` // never walked: one page each is assumed
	Calls           plannedCalls `json:"calls"`
	MinutesAtTheCap float64      `json:"minutes_at_the_cap"`
	QPS             float64      `json:"qps"`
	Partitions      int          `json:"partitions"`
	Replaced        int          `json:"replaced"` // of the partitions, published before
}

type plannedCalls struct {
	Bills int `json:"bills"`
	Token int `json:"token"`
}

func (p *program) plan() *cobra.Command {
	var dates dateFlags
	cmd := &cobra.Command{
		Use:     "plan JOB",
		Short:   "Show what a run would do: units, calls, minutes at the cap, partitions; call nothing",
		Example: "  billwalk plan nightly --from 2026-10",
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
		if err := w.days(dates.from, dates.to, schema.DayOf(p.now()), dates.allowOpen); err != nil {
			return err
		}
		job := file.Jobs[args[0]]
		return p.printPlan(cmd, w, file.Apps[job.Bills.App])
	}
	return cmd
}

func (p *program) printPlan(cmd *cobra.Command, w *wired, app jobs.App) error {
	plan, err := w.run.Plan(cmd.Context())
	if err != nil {
		return failed(err)
	}
	pages, unknown := plan.Pages()
	result := planned{
		Job: w.run.Job, From: w.run.From, To: w.run.To, LookbackDays: w.run.Lookback, Accounts: len(w.run.Accounts),
		Units: len(plan.Units), UnknownUnits: unknown, Calls: plannedCalls{Bills: (pages + unknown) * w.run.Passes, Token: 1},
		QPS: app.QPS, Partitions: len(plan.Bases),
	}
	result.MinutesAtTheCap = math.Round(float64(result.Calls.Bills)/app.QPS/60*100) / 100
	for _, base := range plan.Bases {
		if base.Manifest != nil {
			result.Replaced++
		}
	}
	if p.output == "json" {
		return json.NewEncoder(p.out).Encode(result)
	}
	fmt.Fprintf(p.out, `job         %s: %s
units       %d (%d accounts)
calls       at least %d of the bill API (%d passes), %d for a token
            %d units were never walked: one page is assumed for each pass of them
time        %.1f minutes at %g requests per second
partitions  %d of %s, %d of them published before
`, result.Job, describeDays(w.run), result.Units, result.Accounts, result.Calls.Bills, w.run.Passes, result.Calls.Token,
		result.UnknownUnits, result.MinutesAtTheCap, result.QPS, result.Partitions, w.lakeURL, result.Replaced)
	return nil
}
