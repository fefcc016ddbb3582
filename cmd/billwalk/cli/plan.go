package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

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
	WholeUnits      int          `json:"whole_units"`    // of these, as published or in the archive: not walked again
	ArchivedUnits   int          `json:"archived_units"` // of the whole ones, in the archive and not published so
	ArchivedPages   int          `json:"archived_pages"` // in the archive, of walks that a run resumes
	UnknownUnits    int          `json:"unknown_units"`  // never walked: one page each is assumed
	Calls           plannedCalls `json:"calls"`
	MinutesAtTheCap float64      `json:"minutes_at_the_cap"` // of the slowest of the APIs, which are asked side by side
	QPS             float64      `json:"qps"`
	TradeQPS        float64      `json:"trade_qps,omitempty"`
	Partitions      int          `json:"partitions"`
	Replaced        int          `json:"replaced"` // of the partitions, published before
}

type plannedCalls struct {
	Bills       int   `json:"bills"`
	Settlements int64 `json:"settlements"` // without the units of which nothing is known

	UnknownSettlements int `json:"unknown_settlements"`   // units that are not published, of accounts of which no day is
	Withdrawals        int `json:"withdrawals,omitempty"` // of a job with withdrawals
	Stores             int `json:"stores,omitempty"`      // of a job with stores
	Token              int `json:"token"`
}

func (p *program) plan() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "plan JOB",
		Short:   "Show what a run would do: units, calls, minutes at the cap, partitions; call nothing",
		Example: "  billwalk plan nightly --from 2026-10",
	}
	return p.forJob(cmd, new(dateFlags), false, p.printPlan)
}

func (p *program) printPlan(ctx context.Context, w *wired) error {
	job := w.file.Jobs[w.run.Job]
	plan, err := w.run.Plan(ctx)
	if err != nil {
		return cut(ctx, err)
	}
	_, unknown, whole := plan.Pages()
	result := planned{
		Job: w.run.Job, From: w.run.From, To: w.run.To, LookbackDays: w.run.Lookback, Accounts: len(w.run.Accounts),
		Units: len(plan.Units), WholeUnits: whole, UnknownUnits: unknown, Calls: plannedCalls{Bills: plan.BillCalls(w.run.Walk.Passes), Withdrawals: plan.WithdrawalCalls, Stores: plan.StoreCalls, Token: 1},
		QPS: w.file.Apps[job.Bills.App].QPS, Partitions: len(plan.Bases),
	}
	result.ArchivedUnits, result.ArchivedPages = plan.Archived()
	if s := job.Settlements; s != nil {
		result.Calls.UnknownSettlements = plan.OrdersUnknown()
		result.Calls.Settlements, result.TradeQPS = plan.Queries(), w.file.Apps[s.App].QPS
		if s.App != job.Bills.App {
			result.Calls.Token++
		}
	}
	result.MinutesAtTheCap = math.Round(result.least().Minutes()*100) / 100
	for _, base := range plan.Bases {
		if base.Manifest != nil {
			result.Replaced++
		}
	}
	if p.output == "json" {
		return p.printJSON(result)
	}
	result.print(p.out, w)
	return nil
}

// least is the time that the calls take at the cap.
func (r planned) least() time.Duration {
	seconds := float64(max(r.Calls.Bills, r.Calls.Withdrawals, r.Calls.Stores)) / r.QPS
	if r.TradeQPS > 0 {
		seconds = max(seconds, float64(r.Calls.Settlements)/r.TradeQPS)
	}
	return time.Duration(seconds * float64(time.Second))
}

func (r planned) print(out io.Writer, w *wired) {
	fmt.Fprintf(out, "job         %s: %s\n", r.Job, describeDays(w.run))
	fmt.Fprintf(out, "units       %d (%s)", r.Units, count(r.Accounts, "account"))
	if r.WholeUnits > 0 {
		fmt.Fprintf(out, ", of which %d are whole and are not walked again", r.WholeUnits)
	}
	if r.ArchivedUnits > 0 {
		fmt.Fprintf(out, "; %d of these are in the archive and not published yet", r.ArchivedUnits)
	}
	fmt.Fprintln(out)
	token := "a token"
	if r.Calls.Token > 1 {
		token = "tokens"
	}
	fmt.Fprintf(out, "calls       at least %d of the bill API (%s), %d for %s\n", r.Calls.Bills, count(w.run.Walk.Passes, "equal walk"), r.Calls.Token, token)
	if r.ArchivedPages > 0 {
		fmt.Fprintf(out, "            %s of walks that were interrupted are in the archive, and not asked for again\n", count(r.ArchivedPages, "page"))
	}
	if r.UnknownUnits > 0 {
		fmt.Fprintf(out, "            the size of %s is not known: one page is assumed for each walk\n", count(r.UnknownUnits, "unit"))
	}
	if r.TradeQPS > 0 {
		r.printSettle(out, w.run.Settle.FinalCheck && r.LookbackDays > 0)
	}
	if r.Calls.Withdrawals > 0 {
		fmt.Fprintf(out, "            at least %d of the withdrawal API, and of the bill API one for each 50 bills of a withdrawal that is new\n", r.Calls.Withdrawals)
	}
	if r.Calls.Stores > 0 {
		fmt.Fprintf(out, "            at least %d of the store API, for the names of stores\n", r.Calls.Stores)
	}
	rates := fmt.Sprintf("%g requests per second", r.QPS)
	if r.TradeQPS > 0 {
		rates += fmt.Sprintf(" of bills and %g of settlements", r.TradeQPS)
	}
	least := "at least " + roughly(r.least())
	if r.Calls.UnknownSettlements > 0 {
		least += ", without the settle calls that are unknown,"
	}
	fmt.Fprintf(out, "time        %s at %s\n", least, rates)
	fmt.Fprintf(out, "partitions  %d in %s, of which %d were published before\n", r.Partitions, w.lakeURL, r.Replaced)
}

// printSettle says how many settle calls are likely, where that is known.
func (r planned) printSettle(out io.Writer, finalCheck bool) {
	unknown, all := r.Calls.UnknownSettlements, ""
	if finalCheck {
		all = fmt.Sprintf(" (all orders of %s: final_check)", r.From-schema.Day(r.LookbackDays))
	}
	if unknown < r.Units {
		fmt.Fprintf(out, "            about %d of the settle query: open orders of published days%s, and on the others as many orders as the account had on its nearest published day\n", r.Calls.Settlements, all)
	}
	if unknown > 0 {
		fmt.Fprintf(out, "            of the settle query unknown for %s: no day of the account is published; commonly one for each order\n", count(unknown, "unit"))
	}
}
