package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"billwalk/pipeline/jobs"
	"billwalk/schema"
	"billwalk/schema/sql"
)

func (p *program) sql() *cobra.Command {
	var dialect, from, to string
	var flags ddlFlags
	dialects := dialectNames()
	cmd := &cobra.Command{
		Use:   "sql NAME [JOB]",
		Short: "Print a saved query: the reconciliation, or one of the analyses",
		Long: "Print a saved query as statements, each ended by a semicolon at the end of a line, to be run with the views of `billwalk ddl`.\n" +
			"With a JOB, it has the lookback, the tolerance and the match rules of the job. reconcile leaves the table reconciled.\n\nQueries: " + strings.Join(sql.Names(), ", "),
		Example: "  billwalk sql bridge > bridge.sql\n  billwalk sql reconcile nightly > reconcile.sql\n" +
			"  billwalk sql bridge nightly --pinned > pinned.sql\n" +
			"  billwalk sql reconcile nightly --dialect spark --from 2026-10-01 --to 2026-10-31 > reconcile.sql",
		Args:              savedQuery,
		ValidArgsFunction: p.queryNames,
	}
	cmd.Flags().StringVar(&dialect, "dialect", dialects[0], "the dialect of SQL: "+strings.Join(dialects, ", "))
	cmd.Flags().StringVar(&from, "from", "", "reconcile: the first day, such as YYYY-MM-DD; left out with --to: all days")
	cmd.Flags().StringVar(&to, "to", "", "reconcile: the last day, included; left out, --from alone is meant")
	flags.ofLake(cmd)
	cmd.Flags().BoolVar(&flags.pinned, "pinned", false, "for DuckDB: prints the pinned views (see ddl) before the query, which needs no others then")
	flags.ofPinned(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(dialects, dialect) {
			return usage("--dialect %s: the saved queries are printed for %s", dialect, strings.Join(dialects, ", "))
		}
		if err := flags.usable(dialect); err != nil {
			return err
		}
		if !flags.pinned && (cmd.Flags().Changed("lake") || cmd.Flags().Changed("credentials")) {
			return usage("--lake and --credentials are for --pinned: without it, the query reads whatever views there are")
		}
		job, err := p.queryJob(cmd, args[1:])
		if err != nil {
			return err
		}
		settings := settingsOf(job)
		if settings.From, settings.To, err = p.queryDays(args[0], from, to); err != nil {
			return err
		}
		query, known := sql.SavedIn(args[0], dialect, settings)
		if !known {
			return usage("there is no saved query %q; there are %s", args[0], strings.Join(sql.Names(), ", "))
		}
		views := ""
		if flags.pinned {
			if views, err = p.pinnedFor(cmd, args[1:], flags); err != nil {
				return err
			}
		}
		_, err = fmt.Fprint(p.out, views+query)
		return err
	}
	return cmd
}

// queryNames completes the name of a query, and then of a job.
func (p *program) queryNames(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return sql.Names(), cobra.ShellCompDirectiveNoFileComp
	case 1:
		return p.jobNames(cmd, nil, toComplete)
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// queryDays returns the first and the last day of a query, zero for all days.
func (p *program) queryDays(query, from, to string) (first, last time.Time, err error) {
	if from == "" && to == "" {
		return first, last, nil
	}
	if query != sql.Reconciled {
		return first, last, usage("--from and --to are for reconcile: limit the days in the query of %s, or in the views that it reads", query)
	}
	begin, end, err := jobs.Range(from, to, schema.DayOf(p.now()), true)
	if err != nil {
		return first, last, misused(err)
	}
	return begin.Start(), end.Start(), nil
}

// pinnedFor returns the pinned views of the lake that a query is for.
func (p *program) pinnedFor(cmd *cobra.Command, job []string, flags ddlFlags) (string, error) {
	if name := strings.Join(job, ""); name != jobs.DemoName { // whose settings are built in
		flags.job = name
	}
	lake, err := p.lakeOf(cmd, flags)
	if err != nil {
		return "", err
	}
	views, err := p.pinnedViews(cmd.Context(), lake, flags)
	return views + "\n", err
}

// savedQuery is for the verb sql, which takes a query and perhaps a job.
func savedQuery(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || len(args) > 2 {
		return usage("`%s` takes the name of a query, and perhaps of a job; the queries are %s", cmd.CommandPath(), strings.Join(sql.Names(), ", "))
	}
	return nil
}

// queryJob returns the job whose settings a query has: if none is named, the built-in one.
func (p *program) queryJob(cmd *cobra.Command, named []string) (jobs.Job, error) {
	if len(named) == 0 {
		return jobs.Demo("", nil).Job(jobs.DemoName)
	}
	file, err := p.loadJobs()
	missing := errors.Is(err, fs.ErrNotExist)
	if err == nil {
		_, known := file.Jobs[named[0]]
		missing = !known
	}
	if named[0] == jobs.DemoName && missing && !cmd.Flags().Changed("config") {
		return p.queryJob(cmd, nil)
	}
	if err != nil {
		return jobs.Job{}, &exitError{exitUsage, err}
	}
	job, err := file.Job(named[0])
	if err != nil {
		return jobs.Job{}, &exitError{exitUsage, err}
	}
	return job, nil
}

// settingsOf returns what a saved query needs to know of a job.
func settingsOf(job jobs.Job) sql.Settings {
	rules := rulesOf(job)
	settings := sql.Settings{Tolerance: int64(rules.Tolerance), LookbackDays: rules.Lookback, Configured: rules.Configured}
	for _, rule := range rules.Match {
		settings.Rules = append(settings.Rules, sql.Rule(rule))
	}
	return settings
}
